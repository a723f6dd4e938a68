"""Batch normalization in training and evaluation, its running statistics, and dropout."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import REAL, Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import FAMILIES, LONG, ROWS, WIDTHS, Fill, fills, generator, lengths, seeds, unsorted
from reference_impl.oracle import batch_norm as chain
from reference_impl.oracle.tape import Tape, Variable, variance_of
from suites.specials import INFINITIES, NOT_A_NUMBER, bounded, sprinkled

NORMALIZED = 3.0
"""Standard units of the propagated error; in 20,000 samples the largest was 1.9."""


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, ...]:
    """A shape of two to four axes with at least two values a channel."""
    rank = draw(st.integers(0, 2))
    (channels,) = draw(lengths((1, 4, WIDTHS), share=0.5))
    rows, long = (ROWS, LONG) if channels <= 4 else ((9, 17), (9, 17))
    batch, *spatial = draw(lengths((1, 5, rows), *[(1, 5, long)] * rank))
    return (max(batch, 1 if int(np.prod(spatial)) > 1 else 2), channels, *spatial)


@st.composite
def normalizations(draw: st.DrawFn, gradients: bool = True, partial: bool = False) -> list[Sample]:
    """Batch norms over eps and momentum, with both weight and bias or neither; ``partial``: with one of them."""
    shape = draw(batches())
    weighted = draw(st.booleans())
    biased = weighted != partial
    eps = draw(st.sampled_from((1e-5, 1e-5, 1e-3, 0.1, 1e-8)))
    other = draw(st.sampled_from((0.5, 0.01)) | st.floats(0.01, 1.0))
    momenta = itertools.cycle(draw(st.permutations((0.1, 0.0, 1.0, other))))

    def build(fill: Fill) -> dict[str, Any]:
        channel = (shape[1],)
        inputs = {
            "x": fill(shape),
            "weight": fill(channel) if weighted else None,
            "bias": fill(channel) if biased else None,
            "running_mean": fill(channel),
            "running_variance": np.abs(fill(channel)),
            "momentum": next(momenta),
            "eps": eps,
        }
        return {**inputs, "cotangent": fill(shape)} if gradients else inputs

    families = unsorted(FAMILIES, max(shape))
    drawn = fills(build, tuple(family for family in families if family != "huge")).map(bounded)
    return draw(sprinkled(drawn, values=NOT_A_NUMBER + INFINITIES, share=0.1) if gradients else drawn)


def _normalized(x: Any, weight: Any, bias: Any, running: Any, eps: float, cotangent: Any) -> tuple[Any, Any]:
    """Output and gradients with their bounds, and the normalization for what follows from its statistics."""
    tape = Tape()
    leaves = {
        name: tape.variable(value)
        for name, value in (("x", x), ("weight", weight), ("bias", bias))
        if value is not None
    }
    output, normalization = chain.batch_norm(leaves["x"], leaves.get("weight"), leaves.get("bias"), running, eps)
    tape.backward((output, np.asarray(cotangent, np.float64)))
    accepted = {"output": accuracy.rounded(output.value, NORMALIZED, np.sqrt(variance_of(output)))}
    for name, leaf in leaves.items():
        accepted[f"gradient.{name}"] = accuracy.rounded(leaf.gradient, NORMALIZED, np.sqrt(leaf.gradient_variance))
    return accepted, normalization


@contract(
    "nn.batch_norm_train",
    covers=("nn.BatchNorm2d",),
    area="forward",
    samples=normalizations(),
    gradients=("x", "weight", "bias"),
)
class batch_norm_train:
    """Training normalizes by the batch's mean and biased variance, and the gradient goes through both."""

    @staticmethod
    def torch(x, weight, bias, running_mean, running_variance, momentum, eps):
        from torch.nn import functional

        return functional.batch_norm(x, running_mean, running_variance, weight, bias, True, momentum, eps)

    @staticmethod
    def paddle(x, weight, bias, running_mean, running_variance, momentum, eps):
        from paddle.nn import functional

        return functional.batch_norm(x, running_mean, running_variance, weight, bias, True, 1 - momentum, eps)

    @staticmethod
    def oracle(x, weight, bias, running_mean, running_variance, momentum, eps, cotangent) -> dict[str, Acceptance]:
        return _normalized(x, weight, bias, None, eps, cotangent)[0]


@contract(
    "nn.batch_norm_eval",
    covers=("nn.BatchNorm2d",),
    area="forward",
    samples=normalizations(),
    gradients=("x", "weight", "bias"),
)
class batch_norm_eval:
    """Evaluation normalizes by the running statistics and leaves them as they are."""

    @staticmethod
    def torch(x, weight, bias, running_mean, running_variance, momentum, eps):
        from torch.nn import functional

        output = functional.batch_norm(x, running_mean, running_variance, weight, bias, False, momentum, eps)
        return {"output": output, "running_mean": running_mean, "running_variance": running_variance}

    @staticmethod
    def paddle(x, weight, bias, running_mean, running_variance, momentum, eps):
        from paddle.nn import functional

        output = functional.batch_norm(x, running_mean, running_variance, weight, bias, False, 1 - momentum, eps)
        return {"output": output, "running_mean": running_mean, "running_variance": running_variance}

    @staticmethod
    def oracle(x, weight, bias, running_mean, running_variance, momentum, eps, cotangent) -> dict[str, Acceptance]:
        accepted, _ = _normalized(x, weight, bias, (running_mean, running_variance), eps, cotangent)
        return {
            **accepted,
            "running_mean": accuracy.exact(running_mean),
            "running_variance": accuracy.exact(running_variance),
        }


@contract(
    "nn.batch_norm_partial",
    covers=("nn.BatchNorm2d",),
    area="forward",
    samples=normalizations(partial=True),
    gradients=("x", "weight", "bias"),
    share=0.5,
)
class batch_norm_partial:
    """A batch norm with only a weight, or only a bias, trains it."""

    @staticmethod
    def torch(x, weight, bias, running_mean, running_variance, momentum, eps):
        from torch.nn import functional

        return functional.batch_norm(x, running_mean, running_variance, weight, bias, True, momentum, eps)

    @staticmethod
    def paddle(x, weight, bias, running_mean, running_variance, momentum, eps):
        from paddle.nn import functional

        return functional.batch_norm(x, running_mean, running_variance, weight, bias, True, 1 - momentum, eps)

    @staticmethod
    def oracle(x, weight, bias, running_mean, running_variance, momentum, eps, cotangent) -> dict[str, Acceptance]:
        return _normalized(x, weight, bias, None, eps, cotangent)[0]

    @staticmethod
    def variant_untrained(x, weight, bias, running_mean, running_variance, momentum, eps, cotangent):
        """Neither of them receives a gradient."""
        accepted, _ = _normalized(x, weight, bias, None, eps, cotangent)
        return {name: accepted[name] for name in ("output", "gradient.x")}

    @staticmethod
    def variant_untrained_zero(x, weight, bias, running_mean, running_variance, momentum, eps, cotangent):
        """Each receives a gradient of zeros."""
        accepted, _ = _normalized(x, weight, bias, None, eps, cotangent)
        kept = {name: accepted[name] for name in ("output", "gradient.x")}
        zeros = {f"gradient.{name}": each for name, each in (("weight", weight), ("bias", bias)) if each is not None}
        return {**kept, **{name: accuracy.exact(np.zeros_like(each), signed=False) for name, each in zeros.items()}}

    @staticmethod
    def variant_both_or_neither(x, weight, bias, running_mean, running_variance, momentum, eps, cotangent):
        """There is no way back."""
        told = "No Input(Scale) found for BatchNormGrad" if weight is None else "(has_scale_grad == has_bias_grad)"
        return Rejects("it goes back to both or to neither", told)


@contract(
    "nn.batch_norm_statistics", covers=("nn.BatchNorm2d",), area="forward", samples=normalizations(gradients=False)
)
class batch_norm_statistics:
    """A training step moves the running mean and the running unbiased variance by torch's momentum, paddle's 1 - it."""

    @staticmethod
    def torch(x, weight, bias, running_mean, running_variance, momentum, eps):
        from torch.nn import functional

        functional.batch_norm(x, running_mean, running_variance, weight, bias, True, momentum, eps)
        return {"running_mean": running_mean, "running_variance": running_variance}

    @staticmethod
    def paddle(x, weight, bias, running_mean, running_variance, momentum, eps):
        from paddle.nn import functional

        functional.batch_norm(x, running_mean, running_variance, weight, bias, True, 1 - momentum, eps)
        return {"running_mean": running_mean, "running_variance": running_variance}

    @staticmethod
    def oracle(x, weight, bias, running_mean, running_variance, momentum, eps, unbiased=True) -> dict[str, Acceptance]:
        tape = Tape()
        _, normalization = chain.batch_norm(tape.variable(x), None, None, None, eps)
        count = x.size // x.shape[1]
        running: tuple[Variable, Variable] = (tape.variable(running_mean), tape.variable(running_variance))
        updated = chain.update_running(running, normalization, count, momentum, unbiased)
        statistics = (normalization.mean, normalization.batch_variance)
        accepted = {}
        for name, old, new, item in zip(
            ("running_mean", "running_variance"), running, statistics, updated, strict=True
        ):
            # Frameworks hold the momentum in float32: 1 - it is off by a unit of 1, and not of itself.
            scale = NORMALIZED * np.sqrt(variance_of(item)) + np.abs(old.value) + np.abs(new.ravel())
            accepted[name] = accuracy.rounded(item.value, 1.0, scale)
        return accepted

    @staticmethod
    def variant_biased(x, weight, bias, running_mean, running_variance, momentum, eps) -> dict[str, Acceptance]:
        """The running variance takes the batch's biased variance."""
        return batch_norm_statistics.oracle(x, weight, bias, running_mean, running_variance, momentum, eps, False)


def kept(shape: tuple[int, ...], probability: float) -> st.SearchStrategy[list[Sample]]:
    """Values for dropout in evaluation, with the usual probabilities and another one in turn."""
    turns = itertools.cycle((0.0, 0.5, 1.0, probability))
    return fills(lambda fill: {"x": fill(shape), "probability": next(turns), "cotangent": fill(shape)})


@contract(
    "nn.dropout_eval",
    covers=(
        "nn.Dropout",
        "paddle.nn.functional.dropout",
    ),
    area="forward",
    samples=st.tuples(batches(), st.floats(0.0, 1.0)).flatmap(lambda d: kept(*d)),
    gradients=("x",),
    share=0.5,
)
class dropout_eval:
    """In evaluation dropout is the identity, whatever its probability."""

    @staticmethod
    def torch(x, probability):
        from torch.nn import functional

        return functional.dropout(x, probability, False)

    @staticmethod
    def paddle(x, probability):
        from paddle.nn import functional

        return functional.dropout(x, probability, training=False)

    @staticmethod
    def oracle(x, probability, cotangent) -> dict[str, Acceptance]:
        return {"output": accuracy.exact(x), "gradient.x": accuracy.exact(cotangent)}


DEVIATIONS = 7.0
"""Standard deviations that a count may be off by: 2.6e-12 of honest draws lie outside."""


@st.composite
def droppings(draw: st.DrawFn) -> list[Sample]:
    """Some thousand values, none of them zero, whose fate in training is counted; with every usual probability."""
    usual = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
    return [draw(dropping(probability)) for probability in (*usual, draw(st.floats(0.01, 0.99)))]


@st.composite
def dropping(draw: st.DrawFn, probability: float) -> Sample:
    """Values that are dropped with a probability."""
    rng = generator(draw(seeds))
    shape = draw(st.sampled_from(((40, 100), (5, 20, 6, 7), (2, 2048), (1500, 2))))
    inputs = {
        "x": rng.choice([-1.0, 1.0], shape).astype(np.float32) * rng.uniform(0.5, 2.0, shape).astype(np.float32),
        "probability": probability,
        "seed": draw(st.integers(0, 2**31 - 2)),
        "cotangent": rng.uniform(0.5, 2.0, shape).astype(np.float32),
    }
    return Sample(inputs, REAL)


@contract(
    "nn.dropout_train",
    covers=(
        "nn.Dropout",
        "paddle.nn.functional.dropout",
    ),
    area="forward",
    samples=droppings(),
    gradients=("x",),
    conditioned=True,
    share=0.13,
    may_be_zero=("repeats_differ",),
)
class dropout_train:
    """Training zeroes each element independently with probability p and multiplies the rest by 1 / (1 - p).

    The gradient takes the same mask, and the same seed, and no other, gives the same mask again.
    """

    @staticmethod
    def torch(x, probability, seed):
        import torch
        from torch.nn import functional

        torch.manual_seed(seed)
        output = functional.dropout(x, probability, True)
        torch.manual_seed(seed)
        again = functional.dropout(x, probability, True)
        torch.manual_seed(seed + 1)
        other = functional.dropout(x, probability, True)
        dropped = output == 0
        return {
            "output": output,
            "dropped": int(dropped.sum()),
            "dropped_with_next_in_first_axis": int((dropped[1:] & dropped[:-1]).sum()),
            "dropped_with_next_in_last_axis": int((dropped[..., 1:] & dropped[..., :-1]).sum()),
            "repeats_differ": int((output != again).sum()),
            "other_seed_differs": int((dropped != (other == 0)).sum()),
        }

    @staticmethod
    def paddle(x, probability, seed):
        import paddle
        from paddle.nn import functional

        paddle.seed(seed)
        output = functional.dropout(x, probability, training=True)
        paddle.seed(seed)
        again = functional.dropout(x, probability, training=True)
        paddle.seed(seed + 1)
        other = functional.dropout(x, probability, training=True)
        dropped = output == 0
        return {
            "output": output,
            "dropped": int(dropped.sum()),
            "dropped_with_next_in_first_axis": int((dropped[1:] & dropped[:-1]).sum()),
            "dropped_with_next_in_last_axis": int((dropped[..., 1:] & dropped[..., :-1]).sum()),
            "repeats_differ": int((output != again).sum()),
            "other_seed_differs": int((dropped != (other == 0)).sum()),
        }

    @staticmethod
    def oracle(x, probability, seed, cotangent, observed) -> dict[str, Acceptance]:
        mask = (observed.get("output", np.zeros_like(x)) != 0).astype(np.float64)
        scale = 0.0 if probability == 1.0 else 1.0 / (1.0 - probability)
        # 1 - p, its reciprocal and the product are rounded once each; 1 - p is off by a unit of p too.
        units = 3.0 + probability * scale
        first, last = x.size - x[0].size, x.size - x.size // x.shape[-1]
        return {
            "output": accuracy.rounded(mask * x * scale, units),
            "gradient.x": accuracy.rounded(mask * cotangent * scale, units),
            "dropped": _counted(x.size, probability),
            "dropped_with_next_in_first_axis": _counted(first, probability**2, 3.0),
            "dropped_with_next_in_last_axis": _counted(last, probability**2, 3.0),
            "repeats_differ": accuracy.exact(0),
            "other_seed_differs": _counted(x.size, 2.0 * probability * (1.0 - probability)),
        }


def _counted(draws: int, chance: float, overlap: float = 1.0) -> Acceptance:
    """How many of ``draws`` events happen; pairs of neighbours overlap, which at most triples the variance."""
    bound = DEVIATIONS * np.sqrt(overlap * draws * chance * (1.0 - chance))
    return Acceptance(np.asarray(draws * chance), bound, dtype="int64")
