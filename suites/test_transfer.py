"""Weights pass between the frameworks and through files without the change of a bit, and mean the same on arrival."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import generator, integers, real, seeds
from reference_impl.oracle import nn
from suites.layers import COUNTER, GATES, KINDS, layers, paddle_layer, torch_layer, weight_shapes


def bits(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Any float32 at all: uniform bit patterns, so that NaN payloads, infinities and subnormals occur."""
    patterns = rng.integers(0, 2**32, shape, dtype=np.uint32)
    special = np.array([0x80000000, 0x7F800001, 0xFFC00123, 0x00000001, 0x7F7FFFFF, 0xFF800000], np.uint32)
    return np.where(rng.random(shape) < 0.3, rng.choice(special, shape), patterns).astype(np.uint32).view(np.float32)


def as_bits(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Float arrays as their bit patterns, so that NaN equals itself and -0.0 differs from 0.0; no batch counters."""
    return {name: array.view(np.int32) for name, array in state.items() if not name.endswith(COUNTER)}


def each_kind(kinds: tuple[str, ...] = KINDS) -> st.SearchStrategy[tuple[dict[str, Any], ...]]:
    """A layer of every kind."""
    return st.tuples(*[layers((kind,)) for kind in kinds])


def states(
    values: Callable[..., np.ndarray] = bits, **extra: st.SearchStrategy[Any]
) -> st.SearchStrategy[list[Sample]]:
    """Layers of every kind with weights that ``values`` makes, and ``extra`` inputs."""

    def make(drawn: tuple[dict[str, Any], ...], seed: int, more: dict[str, Any]) -> list[Sample]:
        rng, samples = generator(seed), []
        for layer in drawn:
            weights = {name: values(rng, shape) for name, shape in weight_shapes(**layer).items()}
            samples.append(Sample({**layer, "weights": weights, **more}))
        return samples

    return st.builds(make, each_kind(), seeds, st.fixed_dictionaries(extra))


@contract("transfer.round_trip", area="weight transfer", samples=states(), tensors=False, share=0.4)
class round_trip:
    """Every parameter and buffer of a layer, loaded and read back, is the same bit for bit."""

    @staticmethod
    def torch(kind, sizes, weights):
        from conformance.transfer import from_torch, load_into_torch

        model = torch_layer(kind, sizes)
        load_into_torch(model, weights)
        return as_bits(from_torch(model))

    @staticmethod
    def paddle(kind, sizes, weights):
        from conformance.transfer import from_paddle, load_into_paddle

        model = paddle_layer(kind, sizes)
        load_into_paddle(model, weights)
        return as_bits(from_paddle(model))

    @staticmethod
    def oracle(kind, sizes, weights):
        return as_bits(weights)


@contract(
    "transfer.files",
    area="weight transfer",
    samples=states(native=st.booleans()),
    tensors=False,
    share=0.4,
)
class files:
    """A state in a file, .safetensors or the framework's native one, reads back the same bit for bit.

    The native file is read by the framework's own loader too.
    """

    @staticmethod
    def torch(kind, sizes, weights, native):
        import tempfile
        from pathlib import Path

        import torch

        from conformance.transfer import from_torch, load_into_torch, read_state, write_state

        suffix = ".pth" if native else ".safetensors"
        model = torch_layer(kind, sizes)
        load_into_torch(model, weights)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model{suffix}"
            write_state(path, from_torch(model), model=model)
            ours = read_state(path, model=model)
            theirs = torch_layer(kind, sizes)
            if native:
                theirs.load_state_dict(torch.load(path, weights_only=True))
            else:
                load_into_torch(theirs, ours)
        return {"ours": as_bits(ours), "theirs": as_bits(from_torch(theirs))}

    @staticmethod
    def paddle(kind, sizes, weights, native):
        import tempfile
        from pathlib import Path

        import paddle

        from conformance.transfer import from_paddle, load_into_paddle, read_state, write_state

        suffix = ".pdparams" if native else ".safetensors"
        model = paddle_layer(kind, sizes)
        load_into_paddle(model, weights)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model{suffix}"
            write_state(path, from_paddle(model), model=model)
            ours = read_state(path, model=model)
            theirs = paddle_layer(kind, sizes)
            if native:
                theirs.set_state_dict(paddle.load(str(path)))
            else:
                load_into_paddle(theirs, ours)
        return {"ours": as_bits(ours), "theirs": as_bits(from_paddle(theirs))}

    @staticmethod
    def oracle(kind, sizes, weights, native):
        expected = as_bits(weights)
        return {f"{who}.{name}": array for who in ("ours", "theirs") for name, array in expected.items()}


@contract("transfer.to_float64", area="weight transfer", samples=states(real), tensors=False, share=0.4)
class to_float64:
    """Converted to float64, a layer keeps every value, and every parameter and buffer is float64."""

    @staticmethod
    def torch(kind, sizes, weights):
        import torch

        from conformance.transfer import from_torch, load_into_torch

        model = torch_layer(kind, sizes)
        load_into_torch(model, weights)
        state = from_torch(model.to(torch.float64))
        return {name: array for name, array in state.items() if name in weights}

    @staticmethod
    def paddle(kind, sizes, weights):
        from conformance.transfer import from_paddle, load_into_paddle

        model = paddle_layer(kind, sizes)
        load_into_paddle(model, weights)
        return from_paddle(model.to(dtype="float64"))

    @staticmethod
    def oracle(kind, sizes, weights):
        return {name: accuracy.exact(array.astype(np.float64), "float64") for name, array in weights.items()}

    @staticmethod
    def variant_recurrent_refused(kind, sizes, weights):
        """Layers with a recurrent one in them cannot be converted."""
        if kind in GATES:
            return Rejects("a recurrent layer cannot be converted", "Tensor's dimension is out of bound")
        return to_float64.oracle(kind, sizes, weights)


def whole_states() -> st.SearchStrategy[list[Sample]]:
    """Linear, convolution and embedding layers with integer weights and inputs: results have no rounding.

    The first sample of an example meets the oracle, the others the other lane, so that any layer may come first.
    """

    def make(drawn: tuple[dict[str, Any], ...], turn: int, seed: int, batch: int) -> list[Sample]:
        rng, samples = generator(seed), []
        for layer in drawn[turn:] + drawn[:turn]:
            inner = layer["sizes"]["inner"]
            weights = {name: integers(rng, shape) for name, shape in weight_shapes(**layer).items()}
            room = (5, 4) if layer["kind"] == "conv" else ()
            token = layer["kind"] == "embedding"
            x = rng.integers(0, inner, (batch, 3)) if token else integers(rng, (batch, inner, *room))
            samples.append(Sample({**layer, "x": x, "weights": weights}, EXACT))
        return samples

    drawn = each_kind(("linear", "conv", "embedding", "linear", "conv"))
    return st.builds(make, drawn, st.integers(0, 4), seeds, st.integers(1, 3))


@contract("transfer.meaning", area="weight transfer", samples=whole_states(), share=0.6)
class meaning:
    """A layer means the same after its weights arrived: a transposed square weight, or a rotated kernel, shows."""

    @staticmethod
    def torch(kind, sizes, x, weights):
        from conformance.transfer import load_into_torch

        model = torch_layer(kind, sizes)
        load_into_torch(model, weights)
        return model(x)

    @staticmethod
    def paddle(kind, sizes, x, weights):
        from conformance.transfer import load_into_paddle

        model = paddle_layer(kind, sizes)
        load_into_paddle(model, weights)
        return model(x)

    @staticmethod
    def oracle(kind, sizes, x, weights) -> dict[str, Acceptance]:
        if kind == "embedding":
            return {"output": accuracy.exact(nn.embedding(x, weights["weight"].astype(np.float64)), "float32")}
        function = {"linear": nn.linear, "conv": nn.conv2d}[kind]
        arrays = [array.astype(np.float64) for array in (x, weights["weight"], weights["bias"])]
        return {"output": accuracy.exact(function(*arrays), "float32", signed=False)}


FAULTS = ("missing", "unexpected", "misshapen", "broadcast", "transposed", "float64")


@st.composite
def faulty_states(draw: st.DrawFn, fault: str) -> Sample:
    """A state with one thing wrong with it."""
    layer = draw(layers(("linear", "conv", "batch_norm", "lstm")))
    if fault == "transposed":  # of a weight that is not square: a square one is the business of transfer.meaning
        layer = {"kind": "linear", "sizes": {**layer["sizes"], "inner": 3, "outer": 5}}
    elif fault == "broadcast":
        layer = {**layer, "sizes": {**layer["sizes"], "inner": 3, "outer": 5}}
    rng = generator(draw(seeds))
    weights = {name: integers(rng, shape) for name, shape in weight_shapes(**layer).items()}
    name = draw(st.sampled_from(sorted(weights)))
    if fault == "missing":
        del weights[name]
    elif fault == "unexpected":
        weights[f"{name}_copy"] = weights[name]
    elif fault == "misshapen":
        weights[name] = np.concatenate([weights[name], weights[name]])
    elif fault == "broadcast":
        weights[name] = weights[name][:1]
    elif fault == "transposed":
        weights["weight"] = weights["weight"].T.copy()
    else:
        weights[name] = weights[name].astype(np.float64)
    return Sample({**layer, "fault": fault, "weights": weights})


@contract(
    "transfer.refusals",
    area="weight transfer",
    samples=st.tuples(*map(faulty_states, FAULTS)).map(list),
    tensors=False,
    share=0.33,
)
class refusals:
    """A state that does not fit is refused whole: missing, unexpected, misshapen, transposed, or of another dtype."""

    @staticmethod
    def torch(kind, sizes, fault, weights):
        from conformance.transfer import load_into_torch

        load_into_torch(torch_layer(kind, sizes), weights)

    @staticmethod
    def paddle(kind, sizes, fault, weights):
        from conformance.transfer import load_into_paddle

        load_into_paddle(paddle_layer(kind, sizes), weights)

    @staticmethod
    def oracle(kind, sizes, fault, weights):
        return Rejects(f"{fault} tensor", error="TransferError")
