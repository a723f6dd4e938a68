"""The laws of a pair of models, one function each; every one raises PairDivergence, or says what it saw."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

from conformance.lanes import CallError
from conformance.porting.bounds import Array, Difference, difference
from conformance.porting.check import Drawn, PairDivergence, Port, Runs
from conformance.porting.compared import (
    Compared,
    Seen,
    compared,
    differences,
    is_one_mode,
    momentum_rounding,
    nothing_more,
    rounded,
    singles,
)
from conformance.porting.dropouts import dropouts_apart
from conformance.porting.hyperparameters import differences_of, rates_apart, unknown_schedule
from conformance.porting.places import explain, explain_backward, explain_random, explain_training
from conformance.porting.precision import precision
from conformance.porting.rows import shown
from conformance.porting.traces import unlike

BIASED = "batch-norm-biased-running-variance"
"""The ledger's entry for what paddle's batch norm does in training."""

AS = "as in the law '{}'"
"""What a law says that fails for the reason that one before it told."""

UNREPEATED = {
    "again": "is random in evaluation mode: dropout is left on, or something draws numbers of its own",
    "reloaded": "is another once the model was saved and read back: its state holds less than it needs",
}

Law = Callable[[Port, Seen], None]


def tensors(port: Port, seen: Seen) -> None:
    """Every parameter and buffer of both models is used exactly once, and trained in both or in neither."""
    found = port.matching
    seen.samples += 1
    if found.notes:
        notes = "\n  ".join(found.notes)
        seen.warn(f"{port.path.name}: {notes}")
    wrong = []
    if port.undeclared:
        names = [each.name for each in port.undeclared]
        wrong += [port.extra_told(port.undeclared), f"where they do no harm, say extra = {names}; the check goes on"]
    wrong += [
        f"{each.torch.name} is {'trained' if each.torch.trainable else 'frozen'} in torch, "
        f"{each.paddle.name} is {'trained' if each.paddle.trainable else 'frozen'} in paddle"
        for each in [each for each in found.matches if each.torch.trainable != each.paddle.trainable][:4]
    ]
    wrong += [
        f"{each.torch.name} is {each.torch.dtype} in torch, {each.paddle.name} is {each.paddle.dtype} in paddle"
        for each in [each for each in found.matches if each.torch.dtype != each.paddle.dtype][:1]
        if not (each.torch.constant and each.paddle.constant)
    ]
    if wrong:
        raise PairDivergence("\n  ".join(wrong))
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
        for side, found in enumerate(port.repeated(drawn)):
            for name in [name for name in found if name.startswith("outputs.")]:
                for other, what in UNREPEATED.items():
                    if found[name].tobytes() != found[other + name[7:]].tobytes():
                        told = f"the output of {('torch', 'paddle')[side]}_model {what} ({drawn.describe()})"
                        more = explain_random(port, drawn, side) if other == "again" else []
                        raise PairDivergence("\n  ".join([told, *more]))


def forward(port: Port, seen: Seen) -> None:
    """In evaluation mode, outputs agree, and are the same in every run."""
    _outputs(port, seen, training=False)
    _alone(port, seen)


def _alone(port: Port, seen: Seen) -> None:
    """A batch of one is taken by both models alike."""
    made = port.alone()
    if made is None:
        return
    drawn, found = made
    errors = [each if isinstance(each, CallError) else None for each in found]
    if all(errors):
        return
    for error, other in zip(errors, ("paddle", "torch"), strict=True):
        if error is not None:
            this = "torch" if other == "paddle" else "paddle"
            raise PairDivergence(f"a batch of 1 is taken by {other}_model, and {this}_model fails: {error}")
    seen.count(drawn)
    names = [name for name in found[0] if name.startswith("outputs.")]
    single = functools.partial(singles, port, drawn, False)
    wrong = list(differences(seen, tuple(found), names, nothing_more, single))
    if wrong:
        raise PairDivergence(_told(wrong, drawn, explain(port, drawn, False, wrong[0])))


def training(port: Port, seen: Seen) -> None:
    """In training mode outputs, without dropout, and the buffers that they move agree, and so do rates of dropout."""
    _outputs(port, seen, training=True)
    apart = dropouts_apart(port)
    if apart:
        raise PairDivergence("\n  ".join(apart))


def _outputs(port: Port, seen: Seen, training: bool) -> None:
    for drawn in port.samples():
        # The mode that is left out has the same bits: training mode where nothing goes back, else evaluation mode.
        seen.count(drawn)
        if drawn.seed and training == drawn.exact and is_one_mode(port):
            continue
        found = compared(port, drawn, training).runs
        found = (found[0], unbiased(port, drawn, found, seen))
        names = [name for name in found[0] if name.startswith(("outputs.", "buffers."))]
        empty = [name for name in names if name.startswith("outputs.") and is_lost(found[0][name], found[1].get(name))]
        if empty:
            raise PairDivergence(
                f"{empty[0]} is NaN throughout in both models, so that nothing can be compared ({drawn.describe()})"
            )
        one, other = (sum(name.startswith("outputs.") for name in side) for side in found[:2])
        if one != other:
            raise PairDivergence(f"torch_model gives {one} outputs and paddle_model {other}")
        single = functools.partial(singles, port, drawn, training)
        wrong = list(differences(seen, found, names, momentum_rounding(port, drawn), single))
        if wrong and training and "forward" in port.told and _known(port, wrong):
            raise PairDivergence(AS.format("forward"))
        if wrong:
            random = explain_training(port, drawn) if training else []
            raise PairDivergence(_told(wrong, drawn, random or explain(port, drawn, training, wrong[0])))
    _harmless(port, seen, training)


def _known(port: Port, wrong: list[Difference]) -> bool:
    """Whether the cause was told: outputs differ, and no layer's momentum, of which only buffers know."""
    layers = {each.quantity.removeprefix("buffers.").rpartition(".")[0] for each in wrong if is_buffer(each)}
    partners = port.matching.layers()
    torch, paddle = port.sides
    other = [
        layer
        for layer in layers
        if "momentum" in unlike(torch.layers.get(layer, {}), paddle.layers.get(partners.get(layer, layer), {}))
    ]
    return not other and len(layers) < len(wrong)


def is_buffer(found: Difference) -> bool:
    """Whether it is a buffer that differs."""
    return found.quantity.startswith("buffers.")


def _harmless(port: Port, seen: Seen, training: bool) -> None:
    """Outputs do not depend on the values of tensors that are declared as extra."""
    extra = [each for each in port.matching.left if each.trainable and port.is_declared(each)]
    drawn = next(port.samples())
    for side, lane in enumerate((port.torch, port.paddle)):
        names = [
            each.name
            for each in extra
            if any(each is one for one in (port.matching.left_paddle if side else port.matching.left_torch))
        ]
        if not names:
            continue
        how = {**port.common(drawn, training), "double": True, "values": port.values(side, drawn, seed=1)}
        (found,) = port.arrays("run.run", [(lane, how)])
        base = compared(port, drawn, training).runs[side]
        moved = [(base[name], found[name], name) for name in base if name.startswith("outputs.")]
        wrong = list(filter(None, (difference(name, one, other, rounded(one)) for one, other, name in moved)))
        if not wrong:
            continue
        told = f"{', '.join(names)}, declared as extra: {wrong[0].quantity} of {lane.spec.framework}_model depends on"
        if training:
            raise PairDivergence(f"{told} the values, which is not harmless")
        seen.warn(f"{port.path.name}: {told} the values in evaluation mode; they have to stay as they are there")


def is_lost(one: Array, other: Array | None) -> bool:
    """Whether both are NaN throughout, so that they show nothing."""
    arrays = [array for array in (one, other) if array is not None and array.dtype.kind == "f" and array.size]
    return len(arrays) == 2 and all(np.isnan(array).all() for array in arrays)


def unbiased(port: Port, drawn: Drawn, found: Runs, seen: Seen) -> dict[str, Array]:
    """Paddle's quantities with the batch's unbiased variance in the running variance, where that makes them torch's.

    With n values a channel, torch takes n / (n - 1) times the variance that paddle takes. Of a layer that is called
    with several n, torch's is between those of the least and of the largest.
    """
    result = dict(found[1])
    torch = port.sides[0]
    for name in [name for name in found[0] if name.startswith("buffers.") and name.endswith("running_var")]:
        key = name.removeprefix("buffers.")
        layer, before = key.rpartition(".")[0], drawn.values[key].astype(np.float64)
        momentum, shapes = torch.layers.get(layer, {}).get("momentum"), torch.shapes.get(layer)
        if name not in result or not momentum or not shapes or result[name].shape != before.shape:
            continue
        counts = [int(np.prod(each)) // each[1] * drawn.batch // port.pair.batch_sizes[0] for each in shapes]
        kept = (1 - momentum) ** len(shapes) * before
        ends = [kept + (result[name] - kept) * count / max(count - 1, 1) for count in (max(counts), min(counts))]
        unbiased = np.clip(found[0][name], *ends)
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
        single = functools.partial(singles, port, drawn, True)
        wrong = list(differences(seen, found.runs, ["loss"], nothing_more, single))
        if wrong and "training" in port.told:
            raise PairDivergence(AS.format("training"))
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
        if found.gradients and {"training", "loss"} & port.told.keys():
            raise PairDivergence(AS.format("training" if "training" in port.told else "loss"))
        if found.gradients:
            wrong = [each.quantity.removeprefix("gradients.") for each in found.gradients]
            sentences = explain_backward(port, drawn, wrong)
            raise PairDivergence(_told(_nearest_the_loss(port, found.gradients), drawn, sentences))


def steps(port: Port, seen: Seen) -> None:
    """The optimizer's update of every parameter agrees, after one step and after more of the same gradients, scaled."""
    for drawn in port.samples():
        if drawn.exact or drawn.seed != 1:
            continue
        found = compared(port, drawn, True)
        seen.count(drawn)
        seen.note("updates", found.worst.get("updates", 0.0))
        first = [AS.format("gradients")] if "gradients" in port.told else []
        if found.updates and first:
            raise PairDivergence("\n  ".join([*first, *differences_of(port)]))
        if found.updates:
            raise PairDivergence(_told(found.updates, drawn, differences_of(port)))
    apart = rates_apart(port)
    if apart:
        raise PairDivergence("\n  ".join(apart))
    unknown = unknown_schedule(port)
    if unknown:
        seen.warn(f"{port.path.name}: {unknown}")


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
    shown(port, drawn, True)
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


def _noting(law: Law) -> Law:
    """The law; the port keeps what it fails for, so that no later one tells the same again."""

    @functools.wraps(law)
    def noted(port: Port, seen: Seen) -> None:
        port.told.pop(law.__name__, None)
        try:
            law(port, seen)
        except PairDivergence as error:
            port.told[law.__name__] = str(error)
            raise

    return noted


LAWS: dict[str, Law] = {
    law.__name__: _noting(law) for law in (tensors, repeats, forward, training, loss, gradients, steps, precision)
}
