"""The softmax over classes of which the rarer ones are in clusters: its loss, probabilities and parameters."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.attention import linear, log_softmax
from conformance.number_formats import computed_in
from conformance.operators import Floats, each, operator
from conformance.quantity import quantity
from conformance.strategies import generator, seeds
from conformance.sums import joined, move
from suites.images import same
from suites.support.losses import AREA
from suites.support.refusals import absent

LATER = absent("AdaptiveLogSoftmaxWithLoss")
WIDTH = 8
"""Features of an input, of which a cluster has a half, the next a quarter, and the third an eighth."""


@st.composite
def clustered(draw, labelled: bool = True):
    """Inputs [B, 8] with labels, of which some clusters may have none, and the weights of the head and of clusters.

    A cluster of one class, whose weights have no gradient, is drawn with labels only.
    """
    sizes = draw(st.lists(st.integers(1 if labelled else 2, 4), min_size=2, max_size=4))
    rows = draw(each(3, 1, 2, 7))
    ends = np.cumsum(sizes).tolist()
    # Logits are less than 64 apart: farther ones are those of loss.cross_entropy.
    plain: dict[str, Any] = {"specials": False, "low": -0.9, "high": 0.9}
    found = {
        "x": Floats((rows, WIDTH), **plain),
        "head": Floats((WIDTH, sizes[0] + len(sizes) - 1), **plain),
        "bias": Floats((sizes[0] + len(sizes) - 1,), **plain) if draw(st.booleans()) else None,
        "ends": ends,
    }
    for place in range(3):
        there = place < len(sizes) - 1
        hidden = WIDTH // 2 ** (place + 1)
        found[f"first{place}"] = Floats((WIDTH, hidden), **plain) if there else None
        found[f"second{place}"] = Floats((hidden, sizes[place + 1]), **plain) if there else None
    if labelled:
        labels = draw(st.lists(st.integers(0, ends[-1] - 1), min_size=rows, max_size=rows))
        found["labels"] = np.array(labels, np.int64)
    return found


WEIGHTS = ("head", "bias", *(f"{name}{place}" for place in range(3) for name in ("first", "second")))


def _pairs(given):
    pairs = [(given[f"first{place}"], given[f"second{place}"]) for place in range(3)]
    return [pair for pair in pairs if pair[0] is not None]


def _layer(f, ends, **given):
    """The layer with these weights in the place of its parameters."""
    *cuts, classes = ends
    layer = f.nn.AdaptiveLogSoftmaxWithLoss(WIDTH, classes, cuts, div_value=2.0, head_bias=given["bias"] is not None)
    if f.__name__ == "paddle":  # whose layer does not count those of clusters among its parameters
        layer._parameters.update({"head_weight": given["head"], "head_bias": given["bias"]})
        layer.tail_weights = [list(pair) for pair in _pairs(given)]
        return layer
    layer.head._parameters.update({"weight": given["head"].T, "bias": given["bias"]})
    for cluster, pair in zip(layer.tail, _pairs(given), strict=True):
        for part, weight in zip(cluster, pair, strict=True):
            part._parameters["weight"] = weight.T
    return layer


def _called(f, x, labels, ends, **given):
    output, loss = _layer(f, ends, **given)(x, labels)
    return {"output": output, "loss": loss}


def _parts(x, head, bias, ends, given):
    """Log-probabilities of the head, and of each cluster."""
    first = log_softmax(linear(x, head, bias))
    return first, [log_softmax(linear(linear(x, one), two)) for one, two in _pairs(given)]


def _probabilities(x, head, bias, ends, **given):
    first, clusters = _parts(x, head, bias, ends, given)
    whole = [first[:, : ends[0]]]
    for place, cluster in enumerate(clusters):
        column = first[:, ends[0] + place : ends[0] + place + 1]
        whole.append(cluster + move(lambda array, n=cluster.shape[1]: np.repeat(array, n, 1), column))
    return joined(whole, 1)


def _loss(x, labels, ends, **given):
    """No gradient reaches the weights of a cluster that no label is in."""
    output = _probabilities(x, ends=ends, **given)[np.arange(len(labels)), labels]
    found = {"output": output, "loss": -output.mean()}
    for place in range(3):
        used = place < len(ends) - 1 and ((labels >= ends[place]) & (labels < ends[place + 1])).any()
        if not used:
            found |= {f"gradient.first{place}": None, f"gradient.second{place}": None}
    return found


@operator(
    "losses.adaptive_log_softmax",
    area=AREA,
    cases=clustered(),
    gradients=("x", *WEIGHTS),
    dtypes=("float32", "float64"),
    outputs=("output", "loss"),
    share=0.1,
    may_be_zero=tuple(f"gradient.{name}" for name in ("x", *WEIGHTS)),
    covers=("nn.AdaptiveLogSoftmaxWithLoss", "paddle.nn.functional.adaptive_log_softmax_with_loss"),
)
class adaptive_log_softmax:
    """The log-probability of the label in the head or, times that of its cluster, in the cluster; minus their mean."""

    note = "paddle keeps the weights of AdaptiveLogSoftmaxWithLoss as [in, out], torch as [out, in]."
    torch = lambda f, **inputs: _called(f, **inputs)
    paddle = lambda f, **inputs: _called(f, **inputs)
    value = _loss
    variant_absent = lambda **inputs: LATER
    variant_never_in_programs = lambda **inputs: Rejects(
        "no program has it", error="bool(Tensor) is not supported in static"
    )

    @staticmethod
    def variant_one_refused(labels, ends, **inputs):
        """A label that is alone in the head or in its cluster is refused."""
        counts = np.histogram(labels, [0, *ends])[0]
        if 1 not in counts:
            return _loss(labels=labels, ends=ends, **inputs)
        words = "insert dimension value should not be larger" if list(counts).index(1) == 0 else "Input(Index) is []"
        return Rejects("a label alone in its cluster", error=words)


@operator(
    "losses.adaptive_log_prob",
    area=AREA,
    cases=clustered(labelled=False),
    gradients=("x", *WEIGHTS),
    share=0.1,
    dtypes=("float32",),
    covers=("nn.AdaptiveLogSoftmaxWithLoss",),
)
class adaptive_log_prob:
    """The log-probabilities of all classes, by `log_prob`, with the gradients of input and weights."""

    torch = lambda f, x, **given: _layer(f, **given).log_prob(x)
    paddle = lambda f, x, **given: _layer(f, **given).log_prob(x)
    value = _probabilities
    variant_absent = lambda **inputs: LATER


def fitted() -> st.SearchStrategy[list[Sample]]:
    """Layers of random weights, in both dtypes, with inputs that fall into the head, into clusters, or into both."""

    def make(seed: int, sizes: list[int], rows: int, bias: bool) -> list[Sample]:
        rng = generator(seed)
        inputs: dict[str, Any] = {"head": rng.standard_normal((WIDTH, sizes[0] + len(sizes) - 1))}
        inputs["bias"] = 2 * rng.standard_normal(inputs["head"].shape[1]) if bias else None
        for place in range(3):
            hidden = WIDTH // 2 ** (place + 1)
            there = place < len(sizes) - 1
            inputs[f"first{place}"] = rng.standard_normal((WIDTH, hidden)) if there else None
            inputs[f"second{place}"] = rng.standard_normal((hidden, sizes[place + 1])) if there else None
        inputs["x"] = rng.standard_normal((rows, WIDTH))
        given = {
            dtype: {name: None if each is None else each.astype(dtype) for name, each in inputs.items()}
            for dtype in ("float32", "float64")
        }
        return [Sample({**found, "ends": np.cumsum(sizes).tolist()}) for found in given.values()]

    sizes = st.lists(st.integers(1, 4), min_size=2, max_size=4)
    return st.builds(make, seeds, sizes, st.integers(1, 6), st.booleans())


def _predicted(f, x, ends, **given):
    layer = _layer(f, ends, **given)
    return {"scores": layer.log_prob(x), "classes": layer.predict(x)}


@contract(
    "losses.adaptive_predict",
    area=AREA,
    samples=fitted(),
    share=0.25,
    may_be_zero=("classes",),
    covers=("nn.AdaptiveLogSoftmaxWithLoss",),
)
class adaptive_predict:
    """The log-probabilities of a layer in the dtype of its weights, and the most probable class of each input."""

    @staticmethod
    def torch(x, ends, head, bias, first0, second0, first1, second1, first2, second2):
        import torch

        weights = {"first0": first0, "second0": second0, "first1": first1, "second1": second1}
        return _predicted(torch, x, ends, head=head, bias=bias, **weights, first2=first2, second2=second2)

    @staticmethod
    def paddle(x, ends, head, bias, first0, second0, first1, second1, first2, second2):
        import paddle

        weights = {"first0": first0, "second0": second0, "first1": first1, "second1": second1}
        return _predicted(paddle, x, ends, head=head, bias=bias, **weights, first2=first2, second2=second2)

    @staticmethod
    def oracle(x, ends, **given):
        return {"scores": _scores(x, ends, given, str(x.dtype)), "classes": same(_classes(x, ends, given))}

    variant_absent = staticmethod(lambda **inputs: LATER)

    @staticmethod
    def variant_numbers_for_classes(x, ends, **given):
        """float32 where some inputs, and not all, fall into a cluster, or none does."""
        classes = _classes(x, ends, given)
        scores = _scores(x, ends, given, "float32")
        outside = np.argmax(_first(x, given), 1) >= ends[0]
        return {"scores": scores, "classes": same(classes if outside.all() else classes.astype(np.float32))}


def _first(x, given):
    bias = 0.0 if given["bias"] is None else given["bias"]
    return x.astype(np.float64) @ given["head"] + bias


def _scores(x, ends, given, dtype):
    """Log-probabilities of all classes with the bound of a layer that computes in one dtype and returns it."""
    given = {name: None if each is None else quantity(each) for name, each in given.items()}
    with computed_in(dtype):
        found = _probabilities(quantity(x), ends=ends, **given)
    return Acceptance(found.value, 2 * found.error, dtype=dtype)


def _classes(x, ends, given):
    """The class that is most probable of all, where the best of the head is a cluster, else the best of the head."""
    first = np.argmax(_first(x, given), 1)
    every = _scores(x, ends, given, "float64").value
    return np.where(first >= ends[0], np.argmax(every, 1), first).astype(np.int64)


def layers() -> st.SearchStrategy[Sample]:
    """Sizes of a layer: of the head, and of one to three clusters."""
    sizes = st.lists(st.integers(1, 9), min_size=2, max_size=4)
    return st.builds(
        lambda sizes, bias: Sample({"ends": np.cumsum(sizes).tolist(), "bias": bias}), sizes, st.booleans()
    )


def _numbers(layer):
    return np.array(sorted(int(np.prod(each.shape)) for each in layer.parameters()), np.int64)


@contract(
    "losses.adaptive_parameters",
    area=AREA,
    samples=layers(),
    tensors=False,
    share=0.1,
    covers=("nn.AdaptiveLogSoftmaxWithLoss",),
)
class adaptive_parameters:
    """How many numbers each parameter holds that an optimizer is given: of the head, and of each cluster."""

    @staticmethod
    def torch(ends, bias):
        import torch

        return _numbers(torch.nn.AdaptiveLogSoftmaxWithLoss(WIDTH, ends[-1], ends[:-1], 2.0, bias))

    @staticmethod
    def paddle(ends, bias):
        import paddle

        return _numbers(paddle.nn.AdaptiveLogSoftmaxWithLoss(WIDTH, ends[-1], ends[:-1], div_value=2.0, head_bias=bias))

    @staticmethod
    def oracle(ends, bias):
        size = ends[0] + len(ends) - 1
        found = [WIDTH * size, *([size] if bias else [])]
        for place, (low, high) in enumerate(itertools.pairwise(ends)):
            hidden = WIDTH // 2 ** (place + 1)
            found += [WIDTH * hidden, hidden * (high - low)]
        return {"output": same(np.array(sorted(found), np.int64))}

    variant_absent = staticmethod(lambda **inputs: LATER)

    @staticmethod
    def variant_head_alone(ends, bias):
        """The weights of clusters are no parameters."""
        size = ends[0] + len(ends) - 1
        return {"output": same(np.array(sorted([WIDTH * size, *([size] if bias else [])]), np.int64))}
