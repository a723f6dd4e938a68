"""The laws of a pair of models, one function each; every one raises PairDivergence, or says what it saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from conformance.accuracy import CHAIN
from conformance.porting.check import (
    NOISIER,
    UNIT,
    Array,
    Difference,
    Drawn,
    PairDivergence,
    Port,
    Runs,
    difference,
    root_mean_square,
)
from conformance.porting.compared import Compared, Seen, compared, differences, momentum_rounding, nothing_more
from conformance.porting.layers import traced
from conformance.porting.places import explain, explain_backward
from conformance.porting.traces import unlike

BIASED = "batch-norm-biased-running-variance"
"""The ledger's entry for what paddle's batch norm does in training."""

UNREPEATED = {
    "again": "is random in evaluation mode: dropout is left on, or something draws numbers of its own",
    "reloaded": "is another once the model was saved and read back: its state holds less than it needs",
}

Law = Callable[[Port, Seen], None]


def tensors(port: Port, seen: Seen) -> None:
    """Every parameter and buffer of both models is used exactly once, and trained in both or in neither."""
    matches = port.matching.matches
    seen.samples += 1
    if port.matching.notes:
        notes = "\n  ".join(port.matching.notes)
        seen.warn(f"{port.path.name}: {notes}")
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
        for lane, found in zip(lanes, port.arrays("run.repeat", how), strict=True):
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
        found = compared(port, drawn, training).runs
        seen.count(drawn)
        found = (found[0], _unbiased(port, drawn, found, seen), *found[2:])
        names = [name for name in found[0] if name.startswith(("outputs.", "buffers."))]
        empty = [name for name in names if name.startswith("outputs.") and is_lost(found[0][name], found[1].get(name))]
        if empty:
            raise PairDivergence(
                f"{empty[0]} is NaN throughout in both models, so that nothing can be compared ({drawn.describe()})"
            )
        one, other = (sum(name.startswith("outputs.") for name in side) for side in found[:2])
        if one != other:
            raise PairDivergence(f"torch_model gives {one} outputs and paddle_model {other}")
        wrong = list(differences(seen, found, names, momentum_rounding(port, drawn)))
        if wrong:
            raise PairDivergence(_told(wrong, drawn, explain(port, drawn, training, wrong[0])))


def is_lost(one: Array, other: Array | None) -> bool:
    """Whether both are NaN throughout, so that they show nothing."""
    arrays = [array for array in (one, other) if array is not None and array.dtype.kind == "f" and array.size]
    return len(arrays) == 2 and all(np.isnan(array).all() for array in arrays)


def _unbiased(port: Port, drawn: Drawn, found: Runs, seen: Seen) -> dict[str, Array]:
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


def _trained(port: Port, seen: Seen) -> Iterator[tuple[Drawn, Compared]]:
    """Samples with real values, and what both models give for them in training mode."""
    for drawn in port.samples():
        if not drawn.exact:
            found = compared(port, drawn, True)
            seen.count(drawn)
            yield drawn, found


def loss(port: Port, seen: Seen) -> None:
    """The loss agrees. Not in the exact regime: paddle cuts the logarithm of probabilities as tiny as those there."""
    for drawn, found in _trained(port, seen):
        wrong = list(differences(seen, found.runs, ["loss"], nothing_more))
        if wrong:
            raise PairDivergence(_told(wrong, drawn, _factor(found.runs, drawn.batch)))


def gradients(port: Port, seen: Seen) -> None:
    """The gradient of every parameter and of the inputs agrees, in training mode; the exact regime has ties."""
    for drawn, found in _trained(port, seen):
        for name, side in found.lost.items():
            lost = f"{name} does not exist in {side}: nothing depends on it there"
            raise PairDivergence("\n  ".join([lost, *explain_backward(port, drawn)]))
        for quantity in ("gradients", "input_gradients"):
            seen.note(quantity, found.worst.get(quantity, 0.0))
        if found.gradients:
            raise PairDivergence(_told(_nearest_the_loss(port, found.gradients), drawn, explain_backward(port, drawn)))


def steps(port: Port, seen: Seen) -> None:
    """The optimizer's update of every parameter agrees, after one step and after more of the same gradients, scaled."""
    for drawn in port.samples():
        if drawn.exact or drawn.seed == 0:
            continue
        found = compared(port, drawn, True)
        seen.count(drawn)
        seen.note("updates", found.worst.get("updates", 0.0))
        if found.updates:
            raise PairDivergence(_told(found.updates, drawn, _hyperparameters(found.runs)))


def _hyperparameters(found: Runs) -> list[str]:
    """What the two optimizers say of themselves, where they say different things."""
    one, other = (
        {name.partition(".")[2]: said for name, said in values.items() if name.startswith("optimizer.")}
        for values in found[:2]
    )
    return [f"another {name}: {one[name]} in torch, {other[name]} in paddle" for name in unlike(one, other)]


def precision(port: Port, seen: Seen) -> None:
    """Neither model is farther from its own float64 run than rounding takes this network (torch_side/rounding.py)."""
    for drawn in [each for each in port.samples() if not each.exact][:2]:
        found = compared(port, drawn, False).runs
        seen.count(drawn)
        deviations, unknown = port.deviations(drawn)
        if unknown:
            seen.warn(
                f"{port.path.name}: the rounding error of this network cannot be derived ({unknown}); that of the "
                "other model is taken for normal"
            )
        both = [name for name in found[2] if name in found[3] and found[2][name].shape == found[3][name].shape]
        for name in [name for name in both if name.startswith("outputs.") and found[2][name].dtype == np.float32]:
            errors = _errors(found, name)
            if unknown:
                _is_as_noisy(seen, drawn, name, errors, UNIT * root_mean_square(found[0][name]))
            else:
                _is_rounding(seen, drawn, name, errors, deviations[name])


def _errors(found: Runs, name: str) -> list[Array]:
    """How far each model's own precision is from its float64 run; nothing where both overflow."""
    with np.errstate(invalid="ignore"):
        errors = [np.abs(found[side + 2][name] - found[side][name]) for side in (0, 1)]
    lost = ~np.isfinite(found[2][name]) & ~np.isfinite(found[3][name])
    return [np.where(lost, 0.0, error) for error in errors]


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


def _nearest_the_loss(port: Port, wrong: list[Difference]) -> list[Difference]:
    """The gradients that differ, that of the layer which ran last first: backward, it is the first to differ."""
    order = {path: place for place, path in enumerate(port.sides[0].order)}

    def place(found: Difference) -> int:
        layer = found.quantity.partition(".")[2].rpartition(".")[0]
        return -order.get(layer, -1)

    return sorted(wrong, key=place)


def _factor(found: Runs, batch: int) -> list[str]:
    one, other = found[0]["loss"], found[1]["loss"]
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


def layers(port: Port, seen: Seen) -> None:
    """On request: every layer's output, and its gradient, agrees in training mode, layer by layer."""
    drawn = next(port.samples())
    traced(port, drawn, True)
    seen.count(drawn)
    for row in port.layers:
        seen.note("layers", float(row.get("used") or 0.0))
    met = [row for row in port.layers if "torch" in row and "paddle" in row and "function" not in row]
    wrong = [row for row in met if not (row.get("outputs", True) and row.get("gradient", True))]
    first = next((row for row in port.layers if "first" in row), None)
    if first is not None:
        raise PairDivergence(
            f"{len(wrong)} of {len(met)} layers differ; {first['first']}, the first is {first['torch']!r} "
            f"({drawn.describe()})"
        )


LAWS: dict[str, Law] = {
    law.__name__: law for law in (tensors, repeats, forward, training, loss, gradients, steps, precision)
}
