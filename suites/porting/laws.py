"""The laws of a pair of models, one function each; every one raises PairDivergence, or says what it saw."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from conformance.accuracy import CHAIN
from suites.porting import calls
from suites.porting.check import (
    CONSTANTS,
    NOISIER,
    STEPS,
    UNIT,
    Array,
    Difference,
    Drawn,
    PairDivergence,
    Port,
    PortingWarning,
    allowed,
    difference,
    root_mean_square,
)
from suites.porting.places import explain

BIASED = "batch-norm-biased-running-variance"
"""The ledger's entry for what paddle's batch norm does in training."""

UNREPEATED = {
    "again": "is random in evaluation mode: dropout is left on, or something draws numbers of its own",
    "reloaded": "is another once the model was saved and read back: its state holds less than it needs",
}

Law = Callable[[Port, "Seen"], None]


class Seen:
    """What a law has seen: samples, and the largest used part of what is allowed, by quantity."""

    def __init__(self) -> None:
        self.samples = 0
        self.exact_samples = 0
        self.worst: dict[str, float] = {}
        self.known: Counter[str] = Counter()

    def note(self, quantity: str, used: float) -> None:
        """Keep the largest."""
        self.worst[quantity] = max(used, self.worst.get(quantity, 0.0))

    def count(self, drawn: Drawn) -> None:
        """One sample more."""
        self.samples += 1
        self.exact_samples += drawn.exact


def tensors(port: Port, seen: Seen) -> None:
    """Every parameter and buffer of both models is used exactly once, and trained in both or in neither."""
    matches = port.matching.matches
    seen.samples += 1
    unlike = [each for each in matches if each.torch.trainable != each.paddle.trainable]
    if unlike:
        told = [
            f"{each.torch.name} is {'trained' if each.torch.trainable else 'frozen'} in torch, "
            f"{each.paddle.name} is {'trained' if each.paddle.trainable else 'frozen'} in paddle"
            for each in unlike
        ]
        raise PairDivergence("; ".join(told[:4]))
    kinds = [each for each in matches if each.torch.dtype != each.paddle.dtype]
    if kinds:
        one = kinds[0]
        raise PairDivergence(
            f"{one.torch.name} is {one.torch.dtype} in torch, {one.paddle.name} is {one.paddle.dtype} in paddle"
        )

    if port.pair.carried:
        _carried(port)


def _carried(port: Port) -> None:
    """The values that the models came with."""
    torch, paddle = port.sides
    wrong = []
    for each in port.matching.matches:
        one = each.torch.read(torch.values[each.torch.name])
        other = each.paddle.read(paddle.values[each.paddle.name])
        found = difference(f"{each.torch.name} (paddle: {each.paddle.name})", one, other, 0.0)
        if found:
            wrong.append(found)
    if wrong:
        more = f"; and {len(wrong) - 1} more tensors" if len(wrong) > 1 else ""
        raise PairDivergence(f"the weights are not carried over: {wrong[0].quantity} {wrong[0].detail}{more}")


def repeats(port: Port, seen: Seen) -> None:
    """In evaluation mode each model gives the same bits again, with another seed, and when saved and read back."""
    for drawn in list(port.samples())[:1]:
        seen.count(drawn)
        lanes = (port.torch, port.paddle)
        how = [(lane, {"inputs": drawn.inputs, "values": port.values(i, drawn)}) for i, lane in enumerate(lanes)]
        for lane, found in zip(lanes, port.ask(calls.repeat, how), strict=True):
            for name in [name for name in found if name.startswith("first.")]:
                for other, what in UNREPEATED.items():
                    if found[name].tobytes() != found[other + name[5:]].tobytes():
                        raise PairDivergence(f"the output of {lane.spec.framework}_model {what} ({drawn.describe()})")


def forward(port: Port, seen: Seen) -> None:
    """In evaluation mode, outputs agree, and are the same in every run."""
    _outputs(port, seen, training=False)


def training(port: Port, seen: Seen) -> None:
    """In training mode, without dropout, outputs and the buffers that they move (running statistics) agree."""
    _outputs(port, seen, training=True)


def _outputs(port: Port, seen: Seen, training: bool) -> None:
    for drawn in port.samples():
        found = port.run(drawn, training)
        seen.count(drawn)
        found = (found[0], _unbiased(port, drawn, found, seen), *found[2:])
        names = [name for name in found[0] if name.startswith(("outputs.", "buffers."))]
        empty = [name for name in names if name.startswith("outputs.") and _is_lost(found[0][name], found[1].get(name))]
        if empty:
            raise PairDivergence(
                f"{empty[0]} is NaN throughout in both models, so that nothing can be compared ({drawn.describe()})"
            )
        one, other = (sum(name.startswith("outputs.") for name in side) for side in found[:2])
        if one != other:
            raise PairDivergence(f"torch_model gives {one} outputs and paddle_model {other}")
        wrong = list(_differences(seen, found, names))
        if wrong:
            raise PairDivergence(_told(wrong, drawn, explain(port, drawn, training, wrong[0])))


def _is_lost(one: Array, other: Array | None) -> bool:
    arrays = [array for array in (one, other) if array is not None and array.dtype.kind == "f" and array.size]
    return len(arrays) == 2 and all(np.isnan(array).all() for array in arrays)


def _unbiased(port: Port, drawn: Drawn, found: Any, seen: Seen) -> dict[str, Array]:
    """Paddle's quantities with the batch's unbiased variance in the running variance, where that makes them torch's.

    With n values a channel, torch takes n / (n - 1) times the variance that paddle takes.
    """
    result = dict(found[1])
    torch = port.sides[0]
    for name in [name for name in found[0] if name.startswith("buffers.") and name.endswith("running_var")]:
        key = name.removeprefix("buffers.")
        layer, before = key.rpartition(".")[0], drawn.values[key].astype(np.float64)
        momentum, shapes = torch.layers.get(layer, {}).get("momentum"), torch.shapes.get(layer)
        if name not in result or not momentum or not shapes:
            continue
        count = int(np.prod(shapes[0])) // shapes[0][1] * drawn.batch // port.pair.batch_sizes[0]
        batch = (result[name] - before) / momentum + before
        unbiased = before + momentum * (batch * count / max(count - 1, 1) - before)
        apart, left = (np.abs(each - found[0][name]).max() for each in (result[name], unbiased))
        if left < apart / 8:
            result[name] = unbiased
            seen.known[BIASED] += 1
    return result


def _trained(port: Port, seen: Seen) -> Iterator[tuple[Drawn, tuple[dict[str, Array], ...]]]:
    """Samples with real values, and what both models give for them in training mode."""
    for drawn in port.samples():
        if not drawn.exact:
            found = port.run(drawn, True)
            seen.count(drawn)
            yield drawn, found


def loss(port: Port, seen: Seen) -> None:
    """The loss agrees. Not in the exact regime: paddle cuts the logarithm of probabilities as tiny as those there."""
    for drawn, found in _trained(port, seen):
        wrong = list(_differences(seen, found, ["loss"]))
        if wrong:
            raise PairDivergence(_told(wrong, drawn, _factor(found[0]["loss"], found[1]["loss"], drawn.batch)))


def gradients(port: Port, seen: Seen) -> None:
    """The gradient of every parameter and of the inputs agrees, in training mode; the exact regime has ties."""
    for drawn, found in _trained(port, seen):
        names = [name for name in found[0] if name.startswith(("gradients.", "input_gradients."))]
        lost = {name for name in found[0] if "gradients." in name} ^ {name for name in found[1] if "gradients." in name}
        if lost:
            side = "paddle" if sorted(lost)[0] in found[0] else "torch"
            raise PairDivergence(f"{sorted(lost)[0]} does not exist in {side}: nothing depends on it there")
        wrong = list(_differences(seen, found, names))
        if wrong:
            raise PairDivergence(_told(_nearest_the_loss(port, wrong), drawn, []))


def steps(port: Port, seen: Seen) -> None:
    """The optimizer's update of every parameter agrees, after one step and after several."""
    for drawn in port.samples():
        if drawn.exact or drawn.seed == 0:
            continue
        found = port.run(drawn, True)
        seen.count(drawn)
        before = {f"states.-1.{name}": array for name, array in drawn.values.items()}
        for step in range(STEPS):
            wrong = list(_updates(seen, {**before, **found[0]}, {**before, **found[1]}, step))
            if wrong:
                raise PairDivergence(_told(wrong, drawn, _hyperparameters(found)))


def _hyperparameters(found: Any) -> list[str]:
    """What the two optimizers say of themselves, where they say different things."""
    one, other = (json.loads(str(values["optimizer"])) for values in found[:2])
    unlike = [
        name for name in one if one[name] is not None and other.get(name) is not None and one[name] != other[name]
    ]
    return [f"another {name}: {one[name]} in torch, {other[name]} in paddle" for name in unlike]


def _updates(seen: Seen, one: dict[str, Array], other: dict[str, Array], step: int) -> Iterator[Difference]:
    prefix = f"states.{step}."
    names = [name.removeprefix(prefix) for name in one if name.startswith(prefix)]
    moves = [
        {name: sides[prefix + name] - sides[f"states.{step - 1}.{name}"] for name in names if prefix + name in sides}
        for sides in (one, other)
    ]
    floats = [array for array in moves[0].values() if array.dtype.kind == "f" and array.size]
    scale = max((root_mean_square(array) for array in floats), default=0.0)
    for name in names:
        if moves[0][name].dtype.kind != "f" or name.rpartition(".")[2].startswith("running_"):
            continue
        bound = CONSTANTS * (np.abs(moves[0][name]) + scale) * (1 + 9 * step)
        if moves[0][name].shape == moves[1][name].shape and bound.all() and bound.size:
            seen.note("updates", float((np.abs(moves[1][name] - moves[0][name]) / bound).max()))
        found = difference(f"update {step + 1} of {name}", moves[0][name], moves[1][name], bound)
        if found:
            yield found


def precision(port: Port, seen: Seen) -> None:
    """Neither model is farther from its own float64 run than rounding takes this network (torch_impl/rounding.py)."""
    for drawn in [each for each in port.samples() if not each.exact][:2]:
        found = port.run(drawn, False)
        seen.count(drawn)
        deviations, unknown = port.deviations(drawn)
        if unknown:
            warnings.warn(
                f"{port.path.name}: the rounding error of this network cannot be derived ({unknown}); that of the "
                "other model is taken for normal",
                PortingWarning,
                stacklevel=1,
            )
        for name in [name for name in found[0] if name.startswith("outputs.") and found[2][name].dtype == np.float32]:
            errors = [np.abs(found[side + 2][name] - found[side][name]) for side in (0, 1)]
            if unknown:
                _is_as_noisy(seen, drawn, name, errors, UNIT * root_mean_square(found[0][name]))
            else:
                _is_rounding(seen, drawn, name, errors, deviations[name])


def _is_rounding(seen: Seen, drawn: Drawn, name: str, errors: list[Array], deviation: Array) -> None:
    bound = CHAIN["activation"] * np.maximum(deviation, root_mean_square(deviation))
    used = []
    for framework, error in zip(("torch", "paddle"), errors, strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(error == 0, 0.0, error / bound)
        used.append(float(np.nan_to_num(ratios).max(initial=0.0)))
        seen.note(f"{name} {framework}", used[-1])
    if max(used) > 1:
        who = "both models are" if min(used) > 1 else f"{'paddle' if used[1] > 1 else 'torch'}_model is"
        raise PairDivergence(
            f"{name}: {who} farther from the float64 run than float32's rounding makes normal for this network "
            f"(torch's error is {used[0]:.2g} of what is allowed, paddle's {used[1]:.2g}): the arithmetic is of less "
            f"precision somewhere\n  on {drawn.describe()}"
        )


def _is_as_noisy(seen: Seen, drawn: Drawn, name: str, errors: list[Array], least: float) -> None:
    levels = [root_mean_square(error) for error in errors]
    ratios = levels[0] / max(levels[1], least, 1e-300), levels[1] / max(levels[0], least, 1e-300)
    seen.note(name, max(ratios) / NOISIER)
    if max(ratios) > NOISIER:
        noisy, calm = ("torch", "paddle") if ratios[0] > ratios[1] else ("paddle", "torch")
        raise PairDivergence(
            f"{name} of {noisy}_model is {max(ratios):.0f} times farther from its own float64 run than that of "
            f"{calm}_model ({max(levels):.2g} against {min(levels):.2g}): it computes in less precision "
            f"somewhere ({drawn.describe()})"
        )


def _differences(seen: Seen, found: Any, names: list[str]) -> Iterator[Difference]:
    torch64, paddle64, torch, paddle = found
    floats = [name for name in names if name in paddle64 and torch64[name].dtype.kind == "f"]
    least = 2.0**-30 * max((root_mean_square(torch64[name]) for name in floats), default=0.0)
    for name in names:
        if name not in paddle64:
            continue
        one, other = torch64[name], paddle64[name]
        bound = 0.0
        if one.shape == other.shape and one.dtype.kind == "f":
            bound = allowed([one, other], [torch[name], paddle[name]], least)
            with np.errstate(invalid="ignore"):
                largest = np.nan_to_num(np.abs(other - one), posinf=0.0).max(initial=0.0)
            seen.note(name.partition(".")[0], float(largest / bound) if bound else 0.0)
        wrong = difference(name, one, other, bound)
        if wrong:
            yield wrong


def _nearest_the_loss(port: Port, wrong: list[Difference]) -> list[Difference]:
    """The gradients that differ, that of the layer which ran last first: backward, it is the first to differ."""
    order = {path: place for place, path in enumerate(port.sides[0].order)}

    def place(found: Difference) -> int:
        layer = found.quantity.partition(".")[2].rpartition(".")[0]
        return -order.get(layer, -1)

    return sorted(wrong, key=place)


def _factor(one: Array, other: Array, batch: int) -> list[str]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float(other / one)
    if any(np.isclose(ratio, factor, rtol=1e-6) for factor in (batch, 1 / batch)):
        return [
            f"the paddle loss is {ratio:.6g} times torch's, the batch's size: one takes the sum, the other the mean"
        ]
    return [f"the paddle loss is {ratio:.6g} times torch's"] if np.isfinite(ratio) else []


def _told(wrong: list[Difference], drawn: Drawn, more: list[str]) -> str:
    lines = [f"{each.quantity} {each.detail}" for each in wrong[:3]]
    if len(wrong) > 3:
        lines.append(f"and {len(wrong) - 3} more quantities")
    return "\n  ".join([*lines, *more, f"on {drawn.describe()}"])


LAWS: dict[str, Law] = {
    law.__name__: law for law in (tensors, repeats, forward, training, loss, gradients, steps, precision)
}
