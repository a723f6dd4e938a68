"""Whether a pair of models agrees: what is run, and what is compared with what.

Every comparison is of the two models in float64, each with the same values, taken over from the torch model by the
rules of transfer. Beside each such run stands one in the model's own precision, whose distance from it is that model's
rounding noise for this very sample. Two models are the same where they differ in float64 by less than single precision
could show: by less than :data:`NOISES` times the noise. Where nothing is rounded (small integers), that is zero.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from conformance.lanes import CallError, Lane
from conformance.lanes.lane import flatten
from conformance.porting import calls
from conformance.porting.bounds import Array, Difference, allowed, difference, root_mean_square
from conformance.porting.inventory import Tensor, tensor_from, written
from conformance.porting.matching import Match, Matching, match
from conformance.porting.pair import BATCH_SIZES, Pair, PairError, digest, load
from conformance.porting.samples import Drawn, drawn, other_values, sizes_of
from conformance.transfer import TransferError

__all__ = ["Array", "Difference", "Drawn", "PairDivergence", "Port", "PortingWarning", "Runs", "Side"]
__all__ += ["allowed", "difference", "root_mean_square"]

Runs = tuple[dict[str, Array], ...]

RUNS = 6
"""Runs from which the deviation that rounding gives is taken."""
FACTORS = (1.0, -0.5, -2.0)
"""What the gradients are multiplied with before each update."""
LARGE = 2.0**16
STEPS = len(FACTORS) + 1
"""Updates that are made at most."""


class PairDivergence(AssertionError):  # noqa: N818
    """Two models that are not the same; the message says where."""


class PortingWarning(UserWarning):
    """Something that a check of a port could not do, or did on a guess."""


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

    layers: the rows of the last :func:`conformance.porting.rows.shown`. told: what laws have failed for, by law.
    """

    path: Path
    torch: Lane
    paddle: Lane
    layers: list[dict[str, Any]] = field(default_factory=list)
    _kept: dict[Any, Any] = field(default_factory=dict)
    _failed: dict[Any, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    _values: dict[Any, dict[str, Array]] = field(default_factory=dict)

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
            found = self.tried(what, how)
            told = [_told(lane, what, error) for (lane, _), error in zip(how, found, strict=True) if _is_error(error)]
            if not told:
                return found
            self._failed[key] = told[0].removeprefix(f"{self.path}: ")
        raise PairError(f"{self.path}: {self._failed[key]}")

    def tried(self, what: str, how: Sequence[tuple[Lane, dict[str, Any]]]) -> list[Any]:
        """As :meth:`ask`, with the error, a CallError, in place of what a lane does not return."""
        handles = [(lane, calls.begin(lane, what, **self.common_data, how=options)) for lane, options in how]
        found: list[Any] = []
        for lane, handle in handles:
            try:
                found.append(lane.answer(handle))
            except CallError as error:
                found.append(error)
        return found

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
        """Which tensor is which; it may leave some. Raises PairError for what the pair file names and no model has."""
        torch, paddle = self.sides
        pair = self.pair
        ran = torch.order, paddle.order
        try:
            found = match(torch.tensors, paddle.tensors, pair.names, pair.transposed, pair.merged, *ran)
        except TransferError as error:
            raise PairError(f"{self.path}: {error}") from None
        unknown = [name for name in pair.extra if not any(name in (each.name, each.portable) for each in found.left)]
        if unknown:
            rest = ", ".join(each.name for each in found.left) or "none"
            raise PairError(f"{self.path}: extra names {unknown[0]!r}; the tensors that one model alone has: {rest}")
        return found

    @cached_property
    def complete_matching(self) -> Matching:
        """Which tensor is which. Raises PairDivergence for tensors without a counterpart."""
        told = self.extra_told(self.matching.left)
        if told:
            raise PairDivergence(told)
        return self.matching

    @property
    def undeclared(self) -> list[Tensor]:
        """Tensors of one model only that the pair file does not declare, without constants of a user's own."""
        return [each for each in self.matching.left if not (each.constant or self.is_declared(each))]

    def is_declared(self, tensor: Tensor) -> bool:
        """Whether the pair file names it as ``extra``."""
        return tensor.name in self.pair.extra or tensor.portable in self.pair.extra

    def extra_told(self, extra: Sequence[Tensor]) -> str:
        """Sentences about tensors that one model alone has; nothing where there are none."""
        found, (torch, _) = self.matching, self.sides
        sides = {
            side: [each for each in extra if any(each is one for one in left)]
            for side, left in (("torch", found.left_torch), ("paddle", found.left_paddle))
        }
        left = [
            f"{side}: {', '.join(f'{each.name} {each.shape}' for each in tensors[:6])}"
            + (f" and {len(tensors) - 6} more" if len(tensors) > 6 else "")
            for side, tensors in sides.items()
            if tensors
        ]
        if not left:
            return ""
        tied = [f"{each.name} is {', '.join(each.aliases)} too (tied)" for each in torch.tensors if each.aliases]
        notes = found.notes[:6] + [f"and {len(found.notes) - 6} more that could be others"] * (len(found.notes) > 6)
        return "\n  ".join(["tensors of one model only; " + "; ".join(left), *notes, *tied])

    def samples(self) -> Iterator[Drawn]:
        """Some samples of both regimes: the first with torch's own values, the last with small integers."""
        sizes = sizes_of(self.pair)
        for seed, batch in enumerate([*sizes, sizes[0]]):
            yield self.kept(("sample", seed), functools.partial(self._drawn, batch, seed, seed == len(sizes)))

    def _drawn(self, batch: int, seed: int, exact: bool) -> Drawn:
        own, matches = self.sides[0].values, self.matching.matches
        depth = sum(len(each.torch.shape) > 1 for each in matches)
        tensors = [(each.name, each.torch, each.torch.read(own[each.torch.name])) for each in matches]
        made = drawn(self.pair, batch, seed, exact, tensors, depth)
        for each in matches:
            row = self._padding(each)
            if row is not None and each.name in made.values and made.values[each.name].ndim == 2 and seed:
                # In paddle, a word of padding is a row of zeros whatever the weight holds.
                made.values[each.name] = np.array(made.values[each.name])
                made.values[each.name][row] = 0
        return made

    def _padding(self, match: Match) -> int | None:
        """The row of an embedding that is of padding, where both layers say so."""
        names = (match.torch.layer, match.paddle.layer)
        rows = [side.layers.get(name, {}).get("padding_idx") for side, name in zip(self.sides, names, strict=True)]
        one = rows[0] if rows[0] == rows[1] and isinstance(rows[0], int | float) else None
        return (
            int(one) if one is not None and match.torch.kind == "Embedding" and match.torch.local == "weight" else None
        )

    def alone(self) -> tuple[Drawn, list[Any]] | None:
        """A sample of one in evaluation mode: what each model gives in float64, or the error that it raises.

        Nothing where the pair file says which batches the models take, or its functions give no batch of one.
        """
        if tuple(self.pair.batch_sizes) != BATCH_SIZES:
            return None
        try:
            one = self._drawn(1, len(sizes_of(self.pair)) + 1, False)
        except PairError:
            return None
        how = {**self.common(one, False), "double": True}
        lanes = enumerate((self.torch, self.paddle))
        found = self.tried("run.run", [(lane, {**how, "values": self.values(side, one)}) for side, lane in lanes])
        return one, [each if _is_error(each) else self.portable(side, flatten(each)) for side, each in enumerate(found)]

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """What was made under this key before, or is made now."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def run(self, drawn: Drawn, training: bool, double: bool = True) -> Runs:
        """Both models' quantities, torch's first, in float64 or in their own precision; by torch's names and layout.

        Updates are made of the second sample, in float64. Gradients are not asked for in the exact regime, whose ties
        have several.
        """
        how = {**self.common(drawn, training), "double": double, "backward": training and not drawn.exact}
        if training and double and drawn.seed == 1 and not drawn.exact:
            how["factors"] = self.factors
        lanes = enumerate((self.torch, self.paddle))
        found = self.arrays("run.run", [(lane, {**how, "values": self.values(side, drawn)}) for side, lane in lanes])
        return tuple(self.portable(side, values) for side, values in enumerate(found))

    def repeated(self, drawn: Drawn) -> list[dict[str, Array]]:
        """Each model's outputs in its own precision in evaluation mode, and again: see :func:`.run.repeat`."""
        lanes = enumerate((self.torch, self.paddle))
        how = [(lane, {"inputs": drawn.inputs, "values": self.values(side, drawn)}) for side, lane in lanes]
        found = self.arrays("run.repeat", how)
        runs = tuple(self.portable(side, values) for side, values in enumerate(found))
        self.kept(("single", drawn.seed, drawn.batch, False), lambda: runs)
        return found

    @cached_property
    def optimizers(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Both sides' optimizers, as :func:`.run.optimizer` tells them; nothing where nothing is trained."""
        drawn = next(self.samples())
        lanes = enumerate((self.torch, self.paddle))
        how = [(lane, {"values": self.values(side, drawn), "steps": 1}) for side, lane in lanes]
        found = self.ask("run.optimizer", how)
        steps = max(each.get("length", 0) for each in found)
        if steps:
            found = self.ask("run.optimizer", [(lane, {**options, "steps": steps}) for lane, options in how])
        return found[0], found[1]

    @property
    def factors(self) -> list[float]:
        """What the gradients are multiplied with before each update; the last is clipped where any is."""
        clips = any(each and each["settings"]["clips"] for each in self.optimizers)
        return [*FACTORS, LARGE] if clips else [*FACTORS]

    def common(self, drawn: Drawn, training: bool) -> dict[str, Any]:
        """What both models of a sample are given alike. cotangents: a seed of the weights of outputs."""
        return {"inputs": drawn.inputs, "targets": drawn.targets, "training": training, "cotangents": drawn.seed}

    def deviations(
        self,
        drawn: Drawn,
        training: bool = False,
        runs: int = RUNS,
        right: Sequence[Array] | None = None,
        most: int | None = None,
    ) -> tuple[dict[str, Array], str]:
        """Standard deviations that rounding gives, and why they cannot be derived, where they cannot.

        Of the outputs in evaluation mode, of gradients in training mode. right: torch's outputs in float64, where they
        are known. most: see :func:`.torch_side.deviations.deviations`.
        """

        def make() -> tuple[dict[str, Array], str]:
            how = {"values": self.values(0, drawn), "runs": runs, "right": right, "most": most}
            (found,) = self.arrays("deviations.deviations", [(self.torch, {**self.common(drawn, training), **how})])
            unknown = str(found.pop("unknown"))
            return self.portable(0, found), unknown

        return self.kept(("deviations", drawn.seed, drawn.batch, training, runs, most), make)

    def values(self, side: int, drawn: Drawn, seed: int | None = None) -> dict[str, Array]:
        """A sample's values as one side keeps them; a tensor of one model only keeps its own, and a bias does nothing.

        seed: for other values of the tensors declared as ``extra``.
        """
        key = (side, drawn.seed, drawn.batch, seed)
        if key not in self._values:
            if len(self._values) > 1:  # of a sample before
                self._values.clear()
            self._values[key] = self._written(side, drawn, seed)
        return self._values[key]

    def _written(self, side: int, drawn: Drawn, seed: int | None) -> dict[str, Array]:
        pieces = [(each.paddle if side else each.torch, drawn.values[each.name]) for each in self.matching.matches]
        found, rng = self.sides[side].values, np.random.default_rng(seed)
        for each in self.matching.left_paddle if side else self.matching.left_torch:
            array = each.read(found[each.name])
            if each.trainable and each.local.endswith("bias"):
                array = np.zeros_like(array)
            if seed is not None and each.trainable and self.is_declared(each):
                array = other_values(array, each, rng, 0)
            pieces.append((each, array))
        return written(pieces)

    def portable(self, side: int, found: Mapping[str, Array]) -> dict[str, Array]:
        """Quantities by torch's names: those of tensors are read by the tensor's own rule."""
        result = {
            name: array
            for name, array in found.items()
            if name.split(".")[0] in ("outputs", "loss", "input_gradients", "dropout")
        }
        for each in self.matching.matches:
            own = each.paddle if side else each.torch
            for prefix in ("gradients", "buffers", *(f"updates.{step}" for step in range(STEPS))):
                array = found.get(f"{prefix}.{own.name}")
                if array is not None:
                    result[f"{prefix}.{each.name}"] = own.read(array)
        return result


def _told(lane: Lane, what: str, error: CallError) -> str:
    """What went wrong; of a pair file that cannot be used, its own sentence."""
    if error.kind == PairError.__name__:
        return error.text
    doing = f"{lane.spec.framework}_model on {lane.label} failed while {calls.DOING[what]}"
    return f"{doing}: the lane {error.text}" if error.died else f"{doing}: {error}"


def _is_error(found: Any) -> bool:
    return isinstance(found, CallError)


def _finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())
