"""Which tensor of a torch model is which of a paddle model: by hints, by name, by structure and by order of execution.

The order of definition says nothing: it is a matter of taste, and a tool that trusts it copies one weight into another
layer of the same shape. A layer is matched by name where both sides have one of that name and kind; the rest by what
they are (kind, shapes) where that is unique, and else by the order in which the layers ran.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.transfer.rules import SAME, TRANSPOSED, TransferError

from .inventory import OWN, Tensor

HINT, NAME, STRUCTURE, ORDER = "hint", "name", "structure", "order of execution"


@dataclass(frozen=True)
class Match:
    """One tensor of both models. how: what it was matched by."""

    torch: Tensor
    paddle: Tensor
    how: str

    @property
    def name(self) -> str:
        """The tensor's name, in torch's words."""
        return self.torch.portable


@dataclass
class Matching:
    """What two models have in common, what only one of them has, and what could be otherwise.

    left_torch, left_paddle: tensors without a counterpart. notes: sentences about matches that more than one reading
    would fit, each with the hint that decides.
    """

    matches: list[Match] = field(default_factory=list)
    left_torch: list[Tensor] = field(default_factory=list)
    left_paddle: list[Tensor] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def layers(self) -> dict[str, str]:
        """Torch layers to paddle layers, by path, where they share a tensor."""
        return {match.torch.layer: match.paddle.layer for match in self.matches}


Layers = dict[str, list[Tensor]]


def match(
    torch: Sequence[Tensor],
    paddle: Sequence[Tensor],
    names: Mapping[str, str] | None = None,
    transposed: Sequence[str] = (),
    torch_order: Sequence[str] = (),
    paddle_order: Sequence[str] = (),
) -> Matching:
    """Match the tensors of a torch and a paddle model.

    names: hints, from a tensor or layer of the torch model to one of the paddle model. transposed: torch names of the
    user's own tensors that paddle keeps transposed. torch_order, paddle_order: paths of the layers in the order in
    which they ran. Raises TransferError for a hint that names nothing, or two tensors of unlike shape.
    """
    left = _by_layer(torch), _by_layer(paddle)
    found = Matching()
    for one, other in (names or {}).items():
        _by_hint(one, other, left, found)
    for path in [path for path in left[0] if _signature(left[0][path]) == _signature(left[1].get(path, []))]:
        _pair(left, path, path, NAME, found)
    _by_structure(left, (torch_order, paddle_order), found)
    _by_tensor(left, found)
    found.left_torch = [tensor for tensors in left[0].values() for tensor in tensors]
    found.left_paddle = [tensor for tensors in left[1].values() for tensor in tensors]
    _turn(found, transposed)
    return found


def _by_layer(tensors: Sequence[Tensor]) -> Layers:
    layers: Layers = {}
    for tensor in tensors:
        layers.setdefault(tensor.layer, []).append(tensor)
    return layers


def _signature(tensors: Sequence[Tensor]) -> Any:
    return sorted((tensor.kind, tensor.local if tensor.kind != OWN else "", tensor.shape) for tensor in tensors)


def _by_hint(one: str, other: str, left: tuple[Layers, Layers], found: Matching) -> None:
    if one in left[0] and other in left[1]:
        if _signature(left[0][one]) != _signature(left[1][other]):
            raise TransferError(f"names: {one!r} and {other!r} hold unlike tensors: {_told(left, one, other)}")
        _pair(left, one, other, HINT, found)
        return
    first, second = _named(left[0], one, "torch"), _named(left[1], other, "paddle")
    _join(left, first, second, HINT, found)


def _named(layers: Layers, name: str, side: str) -> Tensor:
    for tensors in layers.values():
        for tensor in tensors:
            if name in (tensor.name, tensor.portable):
                return tensor
    known = ", ".join(list(layers)[:8])
    raise TransferError(f"names: the {side} model has no unmatched layer or tensor {name!r}; its layers are {known}")


def _told(left: tuple[Layers, Layers], one: str, other: str) -> str:
    both = [
        ", ".join(f"{t.local} {t.shape}" for t in layers[key]) for layers, key in zip(left, (one, other), strict=True)
    ]
    return " against ".join(both)


def _pair(left: tuple[Layers, Layers], one: str, other: str, how: str, found: Matching) -> None:
    """Match two layers of one signature, tensor by tensor."""
    first, second = left[0].pop(one), left[1].pop(other)
    for tensor in first:
        same = [each for each in second if each.local == tensor.local] or [
            each for each in second if each.shape == tensor.shape
        ]
        second.remove(same[0])
        found.matches.append(Match(tensor, same[0], how))


def _by_structure(left: tuple[Layers, Layers], orders: tuple[Sequence[str], Sequence[str]], found: Matching) -> None:
    groups: dict[str, tuple[list[str], list[str]]] = {}
    ordered: dict[str, str] = {}
    for side, layers in enumerate(left):
        for path, tensors in layers.items():
            groups.setdefault(repr(_signature(tensors)), ([], []))[side].append(path)
    for first, second in groups.values():
        if len(first) != len(second):
            continue
        if len(first) == 1:
            _pair(left, first[0], second[0], STRUCTURE, found)
            continue
        ran = [sorted(paths, key=order.index) for paths, order in zip((first, second), orders, strict=True)
               if set(paths) <= set(order)]  # fmt: skip
        if len(ran) < 2:
            continue
        for one, other in zip(*ran, strict=True):
            _pair(left, one, other, ORDER, found)
            ordered[one] = other
    if ordered:
        found.notes.append(
            "layers that others of their kind and shape would fit were matched by the order in which they ran; where "
            f"that is wrong, name them as it should be: names = {ordered}"
        )


def _by_tensor(left: tuple[Layers, Layers], found: Matching) -> None:
    """What is left, tensor by tensor: a layer of one side may be bare parameters of the other."""
    for tensor in [tensor for tensors in left[0].values() for tensor in tensors]:
        rest = [each for tensors in left[1].values() for each in tensors]
        fitting = [each for each in rest if _fits(tensor, each)]
        named = [each for each in fitting if each.name == tensor.name or each.portable == tensor.portable]
        alike = [each for tensors in left[0].values() for each in tensors if fitting and _fits(each, fitting[0])]
        if named or (len(fitting) == 1 and len(alike) == 1):
            _join(left, tensor, (named or fitting)[0], NAME if named else STRUCTURE, found)
        elif fitting:
            could = " or ".join(each.name for each in fitting[:4])
            found.notes.append(
                f"{tensor.name} {tensor.shape} of the torch model could be {could} of the paddle model; "
                f"say which with names = {{{tensor.name!r}: {fitting[0].name!r}}}"
            )


def _fits(one: Tensor, other: Tensor) -> bool:
    if one.kind != other.kind and OWN not in (one.kind, other.kind):
        return False
    return one.shape == other.shape or (OWN in (one.kind, other.kind) and one.shape == other.shape[::-1])


def _join(left: tuple[Layers, Layers], one: Tensor, other: Tensor, how: str, found: Matching) -> None:
    if not _fits(one, other):
        raise TransferError(
            f"{one.name} of the torch model has shape {one.shape}, {other.name} of the paddle model {other.shape}"
        )
    for layers, tensor in zip(left, (one, other), strict=True):
        layers[tensor.layer].remove(tensor)
        if not layers[tensor.layer]:
            del layers[tensor.layer]
    # A weight that paddle's own linear function takes is transposed, whether a layer holds it or not.
    kinds = {one.kind, other.kind}
    turned = kinds == {OWN, "Linear"} and len(one.shape) == 2
    if one.shape != other.shape or (turned and other.kind == OWN):
        other = replace(other, shape=one.shape, layout=TRANSPOSED.name)
    elif turned:
        other = replace(other, shape=one.shape, layout=SAME.name)
    found.matches.append(Match(one, other, how))


def _turn(found: Matching, transposed: Sequence[str]) -> None:
    for name in transposed:
        places = [place for place, each in enumerate(found.matches) if name in (each.torch.name, each.name)]
        if not places:
            raise TransferError(f"transposed: no matched tensor of the torch model is called {name!r}")
        for place in places:
            one = found.matches[place]
            layout = SAME.name if one.paddle.layout == TRANSPOSED.name else TRANSPOSED.name
            found.matches[place] = replace(one, paddle=replace(one.paddle, layout=layout))
