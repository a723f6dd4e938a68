"""The state of layers: which names it has, what a loader takes and refuses, and what lists of parameters hold."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import generator, integers, seeds

AREA = "public state"
LINEAR, NORM, LAST = "0", "1", "2"
KEYS = tuple(
    f"{layer}.{name}"
    for layer, names in (
        (LINEAR, ("weight", "bias")),
        (NORM, ("weight", "bias", "running_mean", "running_var")),
        (LAST, ("weight", "bias")),
    )
    for name in names
)
"""Of linear, batch norm, linear, in torch's words. Torch's count of batches has no counterpart."""
COUNT = "num_batches_tracked"
PADDLE_WORDS = {"running_mean": "_mean", "running_var": "_variance"}
BUFFERS = ("running_mean", "running_var")
WIDTHS = (3, 4, 2)


def shape_of(key: str) -> tuple[int, ...]:
    """Of an entry, as torch lays it out."""
    layer, _, name = key.partition(".")
    inner, width, last = WIDTHS
    if layer == NORM:
        return (width,)
    sizes = (width, inner) if layer == LINEAR else (last, width)
    return sizes if name == "weight" else sizes[:1]


def in_paddle(key: str) -> str:
    """Paddle's name of an entry."""
    layer, _, name = key.partition(".")
    return f"{layer}.{PADDLE_WORDS.get(name, name)}"


def in_torch(key: str) -> str:
    """Torch's name of an entry of paddle's."""
    layer, point, name = key.partition(".")
    back = {value: word for word, value in PADDLE_WORDS.items()}
    return f"{layer}{point}{back.get(name, name)}"


def transposed(key: str, array: Any) -> Any:
    """A linear weight in the other layout; all else as it is."""
    return array.T if np.ndim(array) == 2 else array


def torch_net() -> Any:
    """Linear, batch norm, linear."""
    import torch

    inner, width, last = WIDTHS
    return torch.nn.Sequential(torch.nn.Linear(inner, width), torch.nn.BatchNorm1d(width), torch.nn.Linear(width, last))


def paddle_net() -> Any:
    """As :func:`torch_net`."""
    import paddle

    inner, width, last = WIDTHS
    nn = paddle.nn
    return nn.Sequential(nn.Linear(inner, width), nn.BatchNorm1D(width), nn.Linear(width, last))


def torch_state(values: dict[str, Any]) -> dict[str, Any]:
    """A state of tensors, with a count of batches."""
    import torch

    return {**{key: torch.tensor(array) for key, array in values.items()}, f"{NORM}.{COUNT}": torch.tensor(3)}


def paddle_state(values: dict[str, Any]) -> dict[str, Any]:
    """A state of tensors in paddle's names and layout."""
    import paddle

    return {
        in_paddle(key): paddle.to_tensor(np.ascontiguousarray(transposed(key, array))) for key, array in values.items()
    }


@st.composite
def layers(draw: st.DrawFn) -> list[Sample]:
    """Whole states, and such that lack an entry, have one too many, or both."""
    rng = generator(draw(seeds))
    values = {key: integers(rng, shape_of(key), 8) for key in KEYS}
    for key in KEYS:
        if key.endswith("running_var"):
            values[key] = np.abs(values[key]) + 1.0
    lacking = draw(st.sampled_from(KEYS))
    added = draw(st.sampled_from(("3.weight", "extra", f"{LINEAR}.scale")))
    x = integers(rng, (5, WIDTHS[0]), 4)
    return [
        Sample({"values": values, "lacking": without, "added": extra, "x": x})
        for without, extra in ((None, None), (lacking, None), (None, added), (lacking, added))
    ]


@contract(
    "state.layer",
    area=AREA,
    samples=layers(),
    tensors=False,
    share=0.3,
    covers=("nn.Module.state_dict", "nn.Module.load_state_dict", "serial.torch.load", "serial.paddle.load"),
)
class layer_state:
    """A layer's state comes back whole through a file; entries that lack or are unknown are told by name."""

    note = (
        "Paddle keeps the weight of a linear layer transposed, calls the running statistics _mean and _variance, does "
        "not count batches, and has no strict=True: set_state_dict returns the missing and the unexpected names."
    )

    @staticmethod
    def torch(values, lacking, added, x):
        import io

        import torch

        net, fresh, file = torch_net(), torch_net(), io.BytesIO()
        net.load_state_dict(torch_state(values))
        torch.save(net.state_dict(), file)
        file.seek(0)
        loaded = torch.load(file, weights_only=True)
        loaded = {key: value for key, value in loaded.items() if key != lacking}
        if added is not None:
            loaded[added] = torch.ones(2)
        told = fresh.load_state_dict(loaded, strict=False)
        state = {key: value for key, value in fresh.state_dict().items() if not key.endswith(COUNT)}
        before = None if lacking is None else state.pop(lacking)
        names = {"missing": sorted(told.missing_keys), "unexpected": sorted(told.unexpected_keys)}
        if before is not None:
            fresh.load_state_dict({lacking: torch.tensor(values[lacking])}, strict=False)
        return {
            "state": dict(state),
            "names": json.dumps(names),
            "order": json.dumps([key for key in fresh.state_dict() if not key.endswith(COUNT)]),
            "equal": int((net.eval()(torch.tensor(x)) == fresh.eval()(torch.tensor(x))).sum()),
        }

    @staticmethod
    def paddle(values, lacking, added, x):
        import tempfile
        from pathlib import Path

        import paddle

        net, fresh = paddle_net(), paddle_net()
        net.set_state_dict(paddle_state(values))
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "net.pdparams")
            paddle.save(net.state_dict(), path)
            loaded = paddle.load(path)
        loaded = {key: value for key, value in loaded.items() if in_torch(key) != lacking}
        if added is not None:
            loaded[added] = paddle.ones([2])
        missing, unexpected = fresh.set_state_dict(loaded)
        state = {in_torch(key): transposed(key, value.numpy()) for key, value in fresh.state_dict().items()}
        if lacking is not None:
            state.pop(lacking)
            fresh.set_state_dict(paddle_state({lacking: values[lacking]}))
        names = {"missing": sorted(map(in_torch, missing)), "unexpected": sorted(map(in_torch, unexpected))}
        net.eval()
        fresh.eval()
        return {
            "state": state,
            "names": json.dumps(names),
            "order": json.dumps([in_torch(key) for key in fresh.state_dict()]),
            "equal": int((net(paddle.to_tensor(x)) == fresh(paddle.to_tensor(x))).sum()),
        }

    @staticmethod
    def oracle(values, lacking, added, x):
        names = {"missing": [lacking] if lacking else [], "unexpected": [added] if added else []}
        return {
            **{f"state.{key}": accuracy.exact(array) for key, array in values.items() if key != lacking},
            "names": accuracy.exact(json.dumps(names)),
            "order": accuracy.exact(json.dumps(list(KEYS))),
            "equal": accuracy.exact(len(x) * WIDTHS[-1]),
        }


@st.composite
def misfits(draw: st.DrawFn) -> list[Sample]:
    """One entry of another shape: longer, shorter, with an axis more, or transposed."""
    rng = generator(draw(seeds))
    values = {key: integers(rng, shape_of(key), 8) for key in KEYS}
    samples = []
    for way in ("longer", "shorter", "axis", "scalar"):
        key = draw(st.sampled_from(KEYS))
        shape = shape_of(key)
        wrong = {
            "longer": (shape[0] + 1, *shape[1:]),
            "shorter": (shape[0] - 1, *shape[1:]),
            "axis": (*shape, 1),
            "scalar": (),
        }[way]
        samples.append(Sample({"values": values, "key": key, "wrong": np.ones(wrong, np.float32)}))
    return samples


@contract(
    "state.layer_misfits", area=AREA, samples=misfits(), tensors=False, share=0.3, covers=("nn.Module.load_state_dict",)
)
class layer_misfits:
    """A state with an entry of another shape is refused."""

    @staticmethod
    def torch(values, key, wrong):
        net = torch_net()
        net.load_state_dict(torch_state({**values, key: wrong}))
        return {"state": {name: value for name, value in net.state_dict().items() if not name.endswith(COUNT)}}

    @staticmethod
    def paddle(values, key, wrong):
        net = paddle_net()
        net.set_state_dict(paddle_state(values))
        net.set_state_dict(paddle_state({name: array + 1.0 for name, array in values.items()} | {key: wrong}))
        return {"state": {in_torch(name): transposed(name, value.numpy()) for name, value in net.state_dict().items()}}

    @staticmethod
    def oracle(values, key, wrong):
        return Rejects(f"{key} has another shape", error="RuntimeError")

    @staticmethod
    def variant_skipped(values, key, wrong) -> dict[str, Acceptance]:
        """The entry is left out with a warning, and stays what it was; all others are loaded."""
        return {
            f"state.{name}": accuracy.exact(array if name == key else array + 1.0) for name, array in values.items()
        }


@st.composite
def frozen(draw: st.DrawFn) -> list[Sample]:
    """Which parameters are frozen."""
    trainable = [key for key in KEYS if not key.endswith(BUFFERS)]
    return [Sample({"frozen": [key for key in trainable if draw(st.booleans())]}) for _ in range(2)]


@contract("state.parameters", area=AREA, samples=frozen(), tensors=False, share=0.2, covers=("bn.parameters",))
class parameter_lists:
    """parameters() lists what is trained, frozen or not, in order, with names; running statistics are buffers."""

    @staticmethod
    def torch(frozen):
        net = torch_net()
        for name, parameter in net.named_parameters():
            parameter.requires_grad_(name not in frozen)
        trained = [name for name, parameter in net.named_parameters() if parameter.requires_grad]
        buffers = [name for name, _ in net.named_buffers() if not name.endswith(COUNT)]
        same = all(one is other[1] for one, other in zip(net.parameters(), net.named_parameters(), strict=True))
        return {
            "names": json.dumps([name for name, _ in net.named_parameters()]),
            "trained": json.dumps(trained),
            "buffers": json.dumps(buffers),
            "same": bool(same),
        }

    @staticmethod
    def paddle(frozen):
        net = paddle_net()
        for name, parameter in net.named_parameters():
            if in_torch(name).rpartition(".")[2] not in BUFFERS:
                parameter.stop_gradient = in_torch(name) in frozen
        trained = [in_torch(name) for name, parameter in net.named_parameters() if not parameter.stop_gradient]
        same = all(one is other[1] for one, other in zip(net.parameters(), net.named_parameters(), strict=True))
        return {
            "names": json.dumps([in_torch(name) for name, _ in net.named_parameters()]),
            "trained": json.dumps(trained),
            "buffers": json.dumps([in_torch(name) for name, _ in net.named_buffers()]),
            "same": bool(same),
        }

    @staticmethod
    def oracle(frozen):
        parameters = [key for key in KEYS if not key.endswith(BUFFERS)]
        return {
            "names": accuracy.exact(json.dumps(parameters)),
            "trained": accuracy.exact(json.dumps([key for key in parameters if key not in frozen])),
            "buffers": accuracy.exact(json.dumps([key for key in KEYS if key.endswith(BUFFERS)])),
            "same": accuracy.exact(True),
        }

    @staticmethod
    def variant_statistics_are_parameters(frozen):
        """Running statistics are parameters that are not trained, and there are no buffers."""
        accepted = parameter_lists.oracle(frozen)
        return {**accepted, "names": accuracy.exact(json.dumps(list(KEYS))), "buffers": accuracy.exact("[]")}
