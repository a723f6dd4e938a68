"""Which tensor of a torch model is which of a paddle model: by hints, by name, by structure and by order of execution.

The order of definition says nothing: it is a matter of taste, and a tool that trusts it copies one weight into another
layer of the same shape. A layer is matched by name where both sides have one of that name and kind; the rest by what
they are (kind, shapes) where that is unique, and else by the order in which the layers ran, among those whose last
names are the same where both models use the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.transfer.rules import SAME, TRANSPOSED, Shape, TransferError

from .inventory import OWN, Tensor

POINTWISE = {"Linear", "Conv1d", "Conv2d", "Conv3d"}
"""Kinds of layers that compute the same where a kernel is of 1 by 1."""
OWN_WORDS = {"multihead_attn": "cross_attn"}
"""What the frameworks' own layers call the same part: attention to the memory in a transformer's decoder."""
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

    @property
    def left(self) -> list[Tensor]:
        """Tensors of one model only."""
        return [*self.left_torch, *self.left_paddle]

    def layers(self) -> dict[str, str]:
        """Torch layers to paddle layers, by path, where they share a tensor."""
        return {match.torch.layer: match.paddle.layer for match in self.matches}


Layers = dict[str, list[Tensor]]


def match(
    torch: Sequence[Tensor],
    paddle: Sequence[Tensor],
    names: Mapping[str, str] | None = None,
    transposed: Sequence[str] = (),
    merged: Mapping[str, Sequence[str]] | None = None,
    torch_order: Sequence[str] = (),
    paddle_order: Sequence[str] = (),
) -> Matching:
    """Match the tensors of a torch and a paddle model.

    names: hints, from a tensor or layer of the torch model to one of the paddle model. transposed: torch names of the
    user's own tensors that paddle keeps transposed. merged: layers or tensors of either model by those of the other
    that they hold one after the other. torch_order, paddle_order: paths of the layers in the order in
    which they ran. Raises TransferError for a hint that names nothing, or two tensors of unlike shape.
    """
    torch, paddle = _split(torch, paddle, merged or {}, transposed)
    transposed = [name for name in transposed if all(each.part is None for each in torch if name == each.name)]
    left = _by_layer(torch), _by_layer(paddle)
    found = Matching()
    for one, other in (names or {}).items():
        _by_hint(one, other, left, found)
    for words in ({}, OWN_WORDS):
        for path in list(left[0]):
            other = ".".join(words.get(word, word) for word in path.split("."))
            if _signature(left[0][path]) == _signature(left[1].get(other, [])):
                _pair(left, path, other, NAME, found)
    _by_structure(left, (torch_order, paddle_order), found)
    _by_tensor(left, found)
    found.left_torch = [tensor for tensors in left[0].values() for tensor in tensors]
    found.left_paddle = [tensor for tensors in left[1].values() for tensor in tensors]
    _turn(found, transposed)
    return found


def _split(
    torch: Sequence[Tensor], paddle: Sequence[Tensor], merged: Mapping[str, Sequence[str]], transposed: Sequence[str]
) -> tuple[list[Tensor], list[Tensor]]:
    """Both models' tensors, those that hold several of the other model's cut into these."""
    sides = [list(torch), list(paddle)]
    for whole, parts in merged.items():
        holder = next((side for side in (0, 1) if any(whole in _names(each) for each in sides[side])), None)
        if holder is None or isinstance(parts, str) or not parts:
            raise TransferError(
                f"merged: neither model has a layer or tensor {whole!r}, or it is not given several parts"
            )
        for each in [each for each in sides[holder] if whole in _names(each)]:
            pieces = [_piece(each, whole, part, sides[1 - holder]) for part in parts]
            place, first = sides[holder].index(each), 0
            fits = [kept for kept in _turned(each, transposed) if _holds(kept, pieces)]
            each = fits[0] if fits else each
            if not fits:
                told = ", ".join(f"{piece.name} {piece.shape}" for piece in pieces)
                raise TransferError(f"merged: {each.name} {each.shape} does not hold {told} one after the other")
            cut = []
            for piece in pieces:
                after = first + piece.shape[0]
                of = replace(each, layer=piece.layer, local=piece.local, kind=piece.kind, shape=piece.shape)
                cut.append(replace(of, part=(first, after), whole=each.shape))
                first = after
            sides[holder][place : place + 1] = cut
    return sides[0], sides[1]


def _holds(whole: Tensor, pieces: Sequence[Tensor]) -> bool:
    """Whether a tensor's rows are those of the pieces, one after the other."""
    rows = sum(piece.shape[0] for piece in pieces if piece.shape[1:] == whole.shape[1:])
    alike = all(piece.shape[1:] == whole.shape[1:] for piece in pieces)
    return whole.part is None and alike and rows == whole.shape[0]


def _turned(tensor: Tensor, transposed: Sequence[str]) -> list[Tensor]:
    """A tensor as it is, or else as a user's own matrix that is kept [in, out]; named so, as that first."""
    if tensor.kind != OWN or len(tensor.shape) != 2:
        return [tensor]
    other = replace(tensor, shape=tensor.shape[::-1], layout=TRANSPOSED.name)
    return [other, tensor] if tensor.name in transposed else [tensor, other]


def _names(tensor: Tensor) -> tuple[str, ...]:
    return tensor.layer, tensor.name, tensor.portable


def _piece(whole: Tensor, name: str, part: str, others: Sequence[Tensor]) -> Tensor:
    """The tensor of ``part``, a layer or a tensor, that belongs to the same of the merged one's."""
    found = [each for each in others if part in (each.name, each.portable)]
    found = found or [each for each in others if part == each.layer and each.local == whole.local]
    if not found:
        known = ", ".join(dict.fromkeys(each.layer for each in others))
        raise TransferError(f"merged: {part!r}, of {name!r}, names no {whole.local} of the other model; it has {known}")
    return found[0]


def _by_layer(tensors: Sequence[Tensor]) -> Layers:
    layers: Layers = {}
    for tensor in tensors:
        layers.setdefault(tensor.layer, []).append(tensor)
    return layers


def _signature(tensors: Sequence[Tensor]) -> Any:
    """What a layer is, as far as its tensors say; a convolution of 1 by 1 is a linear layer."""
    pointwise = any(each.kind in POINTWISE and _flat(each) != each.shape for each in tensors)
    return sorted(
        ("Linear" if pointwise else each.kind, each.local if each.kind != OWN else "", _flat(each)) for each in tensors
    )


def _flat(tensor: Tensor) -> Shape:
    """Its shape; of a convolution of 1 by 1, that of a linear layer."""
    if tensor.kind in POINTWISE and len(tensor.shape) > 2 and set(tensor.shape[2:]) == {1}:
        return tensor.shape[:2]
    return tensor.shape


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
        found.matches.append(Match(tensor, _as(tensor, same[0]), how))


def _as(one: Tensor, other: Tensor) -> Tensor:
    """The other model's tensor in the shape of this one, from which it differs by axes of length 1."""
    return other if one.shape == other.shape else replace(other, shape=one.shape, whole=other.whole or other.shape)


def _by_structure(left: tuple[Layers, Layers], orders: tuple[Sequence[str], Sequence[str]], found: Matching) -> None:
    groups: dict[str, tuple[list[str], list[str]]] = {}
    ordered: dict[str, str] = {}
    for side, layers in enumerate(left):
        for path, tensors in layers.items():
            groups.setdefault(repr(_signature(tensors)), ([], []))[side].append(path)
    for first, second in [each for group in groups.values() for each in _by_last_name(*group)]:
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


def _by_last_name(first: list[str], second: list[str]) -> list[tuple[list[str], list[str]]]:
    """Layers of one signature, parted by the last word of their paths where both models use the same words as often.

    A layer that is called by its own name in both models is not another one because it ran first.
    """
    words = [[path.rpartition(".")[2] for path in paths] for paths in (first, second)]
    if sorted(words[0]) != sorted(words[1]) or any(word.isdecimal() for word in words[0]):
        return [(first, second)]
    return [
        ([path for path, own in zip(first, words[0], strict=True) if own == word],
         [path for path, own in zip(second, words[1], strict=True) if own == word])
        for word in dict.fromkeys(words[0])
    ]  # fmt: skip


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


def _is_pointwise(one: Tensor, other: Tensor) -> bool:
    """Whether they are of a linear layer and of a convolution of 1 by 1, or of two such convolutions."""
    return {one.kind, other.kind} <= POINTWISE and one.local == other.local and _flat(one) == _flat(other)


def _fits(one: Tensor, other: Tensor) -> bool:
    if _is_pointwise(one, other):
        return True
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
    if _is_pointwise(one, other) and one.shape != other.shape:
        found.matches.append(Match(one, _as(one, other), how))
        return
    if len(one.shape) == 2 and (one.kind, other.kind) == (OWN, "Linear"):
        # Kept [in, out], as paddle's layer keeps its own, unless the shape says otherwise; a square one does not.
        if one.shape != other.shape or one.shape[0] == one.shape[1]:
            other = replace(other, shape=one.shape, layout=SAME.name)
    elif one.shape != other.shape or (len(one.shape) == 2 and (one.kind, other.kind) == ("Linear", OWN)):
        # A weight that paddle's own linear function takes is transposed, whether a layer holds it or not.
        other = replace(other, shape=one.shape, layout=TRANSPOSED.name)
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
