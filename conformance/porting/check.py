"""Whether a pair of models agrees: what is run, and what is compared with what.

Every comparison is of the two models in float64, each with the same values, taken over from the torch model by the
rules of transfer. Beside each such run stands one in the model's own precision, whose distance from it is that model's
rounding noise for this very sample. Two models are the same where they differ in float64 by less than single precision
could show: by less than :data:`NOISES` times the noise. Where nothing is rounded (small integers), that is zero.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from conformance.lanes import CallError, Lane
from conformance.lanes.lane import flatten
from conformance.porting import calls
from conformance.porting.inventory import Tensor, tensor_from, written
from conformance.porting.matching import Matching, match
from conformance.porting.pair import Pair, PairError, digest, load
from conformance.transfer import TransferError

Array = np.ndarray[Any, Any]
Runs = tuple[dict[str, Array], ...]

NOISES = 8.0
"""An error that is normal is within this many standard deviations of the rounding noise (6 for 1e9 elements)."""
UNIT = 2.0**-24
"""Half the distance of neighbouring float32 numbers at 1."""
CONSTANTS = 2.0**-20
"""Relative error of an update where each of some ten constants is kept in float32, as paddle's kernels keep them."""
RUNS = 6
"""Runs from which the deviation that rounding gives is taken."""
STEPS = 3
"""Updates after which the models are compared."""
NOISIER = 32.0
"""A model whose noise is this many times the other's computes in less precision."""


@dataclass(frozen=True)
class Difference:
    """What differs: a quantity, and how, in which element."""

    quantity: str
    detail: str


class PairDivergence(AssertionError):  # noqa: N818
    """Two models that are not the same; the message says where."""


class PortingWarning(UserWarning):
    """Something that a check of a port could not do, or did on a guess."""


@dataclass
class Drawn:
    """One sample: inputs, targets, and the models' values by their names in torch and in torch's layout."""

    batch: int
    seed: int
    exact: bool
    inputs: list[Array]
    targets: list[Array]
    values: dict[str, Array]

    def describe(self) -> str:
        """One line: what the inputs are."""
        given = ", ".join(f"{array.dtype}{list(array.shape)}" for array in self.inputs)
        return f"batch {self.batch}, seed {self.seed}{', small integers' if self.exact else ''}: {given}"


@dataclass
class Side:
    """One lane's model, as :func:`conformance.porting.run.describe` tells it."""

    lane: Lane
    tensors: list[Tensor]
    layers: dict[str, dict[str, Any]]
    shapes: dict[str, list[list[int]]]
    values: dict[str, Array]

    @property
    def order(self) -> list[str]:
        """Paths of the layers, in the order in which they returned."""
        return list(self.shapes)


@dataclass
class Port:
    """A pair of models on one torch lane and one paddle lane; results are kept, since the laws share them.

    layers: the rows of the last :func:`conformance.porting.layers.traced`.
    """

    path: Path
    torch: Lane
    paddle: Lane
    layers: list[dict[str, Any]] = field(default_factory=list)
    _kept: dict[Any, Any] = field(default_factory=dict)
    _failed: dict[Any, str] = field(default_factory=dict)
    _unmatched: bool = False

    @cached_property
    def pair(self) -> Pair:
        """The pair file, read here for what is plain data in it."""
        return load(self.path)

    @cached_property
    def common_data(self) -> dict[str, Any]:
        return {"pair": str(self.path), "held": digest(self.path)}

    def ask(self, what: str, how: Sequence[tuple[Lane, dict[str, Any]]]) -> list[Any]:
        """What lanes return for one call; all of them work at once. Raises PairError for what a model raises.

        What failed once is not tried again: a lane that dies of it takes many seconds to start anew.
        """
        key = (what, how[0][1].get("training"))
        if key not in self._failed:
            handles = [(lane, calls.begin(lane, what, **self.common_data, how=options)) for lane, options in how]
            found, told = [], []
            for lane, handle in handles:
                try:
                    found.append(lane.answer(handle))
                except CallError as error:
                    told.append(_told(lane, what, error))
            if not told:
                return found
            self._failed[key] = told[0]
        raise PairError(f"{self.path}: {self._failed[key]}")

    def arrays(self, what: str, how: Sequence[tuple[Lane, dict[str, Any]]]) -> list[dict[str, Array]]:
        """As :meth:`ask`, with dotted names for what lies within the results."""
        return [flatten(found) for found in self.ask(what, how)]

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """Both models."""
        inputs = self.pair.arrays("inputs", self.pair.batch_sizes[0], np.random.default_rng(0))
        how = {"seed": 0, "inputs": inputs}
        made = []
        lanes = (self.torch, self.paddle)
        for lane, said in zip(lanes, self.ask("run.describe", [(lane, how) for lane in lanes]), strict=True):
            tensors = [tensor_from(each) for each in said["tensors"]]
            made.append(Side(lane, tensors, said["layers"], said["shapes"], said["values"]))
        for side in made:
            bad = [name for name, array in side.values.items() if not _finite(array)]
            if bad:
                what = f"{bad[0]} of {side.lane.spec.framework}_model"
                raise PairError(f"{self.path}: {what} holds NaN or infinity before anything ran")
        return made[0], made[1]

    @cached_property
    def matching(self) -> Matching:
        """Which tensor is which. Raises PairDivergence for tensors without a counterpart, which are named once."""
        torch, paddle = self.sides
        pair = self.pair
        try:
            found = match(torch.tensors, paddle.tensors, pair.names, pair.transposed, torch.order, paddle.order)
        except TransferError as error:
            raise PairError(f"{self.path}: {error}") from None
        left = [
            f"{side}: {', '.join(f'{each.name} {each.shape}' for each in tensors[:6])}"
            + (f" and {len(tensors) - 6} more" if len(tensors) > 6 else "")
            for side, tensors in (("torch", found.left_torch), ("paddle", found.left_paddle))
            if tensors
        ]
        if left and self._unmatched:
            raise PairDivergence("tensors of one model only: the first of the laws names them")
        if left:
            self._unmatched = True
            tied = [f"{each.name} is {', '.join(each.aliases)} too (tied)" for each in torch.tensors if each.aliases]
            notes = found.notes[:6] + [f"and {len(found.notes) - 6} more that could be others"] * (len(found.notes) > 6)
            raise PairDivergence("\n  ".join(["tensors of one model only; " + "; ".join(left), *notes, *tied]))
        return found

    def samples(self) -> Iterator[Drawn]:
        """Some samples of both regimes: the first with torch's own values, the last with small integers."""
        sizes = [*self.pair.batch_sizes, self.pair.batch_sizes[0]]
        for seed, batch in enumerate(sizes):
            make = functools.partial(self._drawn, batch, seed, exact=seed == len(sizes) - 1)
            yield self.kept(("sample", seed), make)

    def _drawn(self, batch: int, seed: int, exact: bool) -> Drawn:
        rng = np.random.default_rng([seed, batch])
        inputs, targets = self.pair.arrays("inputs", batch, rng), self.pair.arrays("targets", batch, rng)
        own, depth = self.sides[0].values, sum(len(each.torch.shape) > 1 for each in self.matching.matches)
        values = {}
        for each in self.matching.matches:
            array = each.torch.read(own[each.torch.name])
            changed = seed or each.torch.buffer
            values[each.name] = _other_values(array, each.torch, rng, depth if exact else 0) if changed else array
        if exact:
            inputs = [np.rint(array).astype(array.dtype) if array.dtype.kind == "f" else array for array in inputs]
        return Drawn(batch, seed, exact, inputs, targets, values)

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """What was made under this key before, or is made now."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def run(self, drawn: Drawn, training: bool) -> Runs:
        """Torch in float64, paddle in float64, and each in its own precision; by torch's names and in its layout.

        Updates are made in float64 only, and not of the values that the torch model starts with.
        """
        common = self.common(drawn, training)
        how = [
            (lane, {**common, "double": double, "steps": steps, "values": self.values(place, drawn)})
            for double, steps in ((True, STEPS if training and drawn.seed and not drawn.exact else 0), (False, 0))
            for place, lane in enumerate((self.torch, self.paddle))
        ]
        found = self.arrays("run.run", how)
        return tuple(self._portable(place % 2, values) for place, values in enumerate(found))

    def common(self, drawn: Drawn, training: bool) -> dict[str, Any]:
        """What both models of a sample are given alike."""
        rng = np.random.default_rng(drawn.seed)
        shapes = self._shapes(drawn) if training else []
        return {
            "inputs": drawn.inputs,
            "targets": drawn.targets,
            "training": training,
            "cotangents": [rng.standard_normal(shape).astype(np.float32) for shape in shapes],
        }

    def _shapes(self, drawn: Drawn) -> list[tuple[int, ...]]:
        """Shapes of the outputs in training mode, which the weights of a sum must have."""
        if self.pair.loss is not None or self.pair.torch_loss is not None:
            return []

        def make() -> list[tuple[int, ...]]:
            how = {"inputs": drawn.inputs, "targets": [], "training": True, "steps": 0, "cotangents": []}
            (found,) = self.arrays("run.run", [(self.torch, {**how, "double": False, "values": self.values(0, drawn)})])
            places = [name for name in found if name.startswith("outputs.")]
            return [found[name].shape for name in sorted(places, key=lambda name: int(name[8:]))]

        return self.kept(("shapes", drawn.batch), make)

    def deviations(self, drawn: Drawn) -> tuple[dict[str, Array], str]:
        """Standard deviations of the outputs that rounding gives, and why they cannot be derived, where they cannot."""
        how = {"inputs": drawn.inputs, "values": self.values(0, drawn), "runs": RUNS}
        (found,) = self.arrays("deviations.deviations", [(self.torch, how)])
        return found, str(found.pop("unknown"))

    def values(self, side: int, drawn: Drawn) -> dict[str, Array]:
        """A sample's values as one side keeps them."""
        own = ((each.paddle if side else each.torch, drawn.values[each.name]) for each in self.matching.matches)
        return written(own)

    def _portable(self, side: int, found: Mapping[str, Array]) -> dict[str, Array]:
        """Quantities by torch's names: those of tensors are read by the tensor's own rule."""
        result = {
            name: array
            for name, array in found.items()
            if name.split(".")[0] in ("outputs", "loss", "input_gradients", "optimizer")
        }
        for each in self.matching.matches:
            own = each.paddle if side else each.torch
            for prefix in ("gradients", "buffers", *(f"updates.{step}" for step in range(STEPS))):
                array = found.get(f"{prefix}.{own.name}")
                if array is not None:
                    result[f"{prefix}.{each.name}"] = own.read(array)
        return result


def _told(lane: Lane, what: str, error: CallError) -> str:
    """What went wrong."""
    doing = f"{lane.spec.framework}_model on {lane.label} failed while {calls.DOING[what]}"
    return f"{doing}: the lane {error.text}" if error.died else f"{doing}: {error}"


def _finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _other_values(array: Array, tensor: Tensor, rng: np.random.Generator, depth: int) -> Array:
    """Values that hide nothing: no bias is 0, no scale and no variance 1. Buffers of a user's own stay as they are.

    depth: small integers are wanted, in a model with so many matrices. Of many, the larger hold zeros for the most
    part, so that numbers grow by 2^16 on the way through the model and not beyond all bounds.
    """
    if array.dtype.kind != "f" or (tensor.buffer and not tensor.local.startswith("running_")):
        return array
    if tensor.local == "running_var":
        return np.asarray(rng.uniform(0.5, 2.0, array.shape), array.dtype)
    if depth:
        drawn = rng.integers(-1, 2, array.shape)
        # A sum of n such products has the variance n / 3 of a number that is positive half of the time.
        share = 3 * 2 ** (32 / depth) / math.prod(array.shape[1:]) if array.ndim > 1 and array.size else 1.0
        return (drawn if share >= 1 else drawn * (rng.random(array.shape) < share)).astype(array.dtype)
    spread = 0.2 * root_mean_square(array) + 0.02
    return np.asarray(array + spread * rng.standard_normal(array.shape)).astype(array.dtype)


def noise(doubles: Sequence[Array], singles: Sequence[Array]) -> float:
    """Root mean square distance of runs in single precision from those in double, without the largest hundredth.

    A ReLU that rounding switched, say, is no rounding noise, and must not hide an error of the same size.
    """
    errors = np.concatenate([
        np.ravel(np.abs(single.astype(np.float64) - double)) for double, single in zip(doubles, singles, strict=True)
    ])  # fmt: skip
    errors = errors[np.isfinite(errors)]
    largest = len(errors) // 100
    return root_mean_square(np.partition(errors, -largest)[:-largest] if largest else errors)


def allowed(doubles: Sequence[Array], singles: Sequence[Array], least: float = 0.0) -> float:
    """How far two models may be apart in float64: see :data:`NOISES`. A single number may be right by luck.

    least: for models whose own precision is float64, and so show no noise of single precision.
    """
    if singles[0].dtype == np.float64:
        return NOISES * max(UNIT * root_mean_square(doubles[0]), least)
    level = noise(doubles, singles)
    if level or not _whole(doubles, singles):
        return NOISES * max(level, UNIT * root_mean_square(doubles[0]))
    return 0.0


def _whole(doubles: Sequence[Array], singles: Sequence[Array]) -> bool:
    """Whether single precision could have held every number on the way; one that overflowed shows no noise either."""
    held = all(
        bool((np.isfinite(single) | ~np.isfinite(double)).all())
        for double, single in zip(doubles, singles, strict=True)
    )
    return held and all(float(np.abs(double[np.isfinite(double)]).max(initial=0.0)) < 1 / UNIT for double in doubles)


def root_mean_square(array: Array) -> float:
    """Of what is finite in an array; 0 where nothing is."""
    finite = np.abs(array[np.isfinite(array)], dtype=np.float64)
    largest = float(finite.max(initial=0.0))
    return largest * float(np.sqrt(np.mean(np.square(finite / largest)))) if largest else 0.0


def difference(quantity: str, one: Array, other: Array, bound: Array | float) -> Difference | None:
    """The largest error of ``other`` in units of ``bound``, where that is above 1; NaN and infinities must be equal."""
    if one.shape != other.shape:
        return Difference(quantity, f"has shape {list(one.shape)} in torch and {list(other.shape)} in paddle")
    if one.dtype != other.dtype:
        return Difference(quantity, f"is {one.dtype} in torch and {other.dtype} in paddle")
    if one.dtype.kind not in "fc":
        unequal = np.argwhere(one != other)
        if not len(unequal):
            return None
        at = tuple(unequal[0])
        return Difference(quantity, f"differs at {[int(i) for i in at]}: torch {one[at]}, paddle {other[at]}")
    special = np.isnan(one) != np.isnan(other)
    special |= np.isinf(one) | np.isinf(other)
    special &= one != other
    if special.any():
        at = tuple(np.argwhere(special)[0])
        return Difference(quantity, f"differs at {[int(i) for i in at]}: torch {one[at]}, paddle {other[at]}")
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        errors = np.nan_to_num(np.abs(other - one), nan=0.0, posinf=0.0)
        ratios = np.where(errors == 0, 0.0, errors / bound)
    if not ratios.size or not (ratios > 1).any():
        return None
    at = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    bounds = np.broadcast_to(bound, errors.shape)
    return Difference(
        quantity,
        f"differs by {errors[at]:.3g} at {[int(i) for i in at]} (torch {one[at]:.9g}, paddle {other[at]:.9g}); "
        f"{bounds[at]:.2g} is what rounding in single precision makes normal",
    )
