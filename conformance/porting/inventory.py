"""What tensors a model of either framework has, as plain data, so that two models can be matched without either.

:mod:`conformance.transfer.places` asks for a rule for every layer, since it converts files by the model of one side
alone. Here both models are at hand, so that parameters of a user's own layers and tied weights may pass too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from operator import itemgetter
from typing import Any

import numpy as np

from conformance.transfer.places import _is_constant, _layers, _own_tensors, side_of
from conformance.transfer.rules import LAYOUTS, SAME, Array, LayerRule, Shape, TransferError, find_rule, index_rules

OWN = "own"
"""Kind of a layer that no rule knows: its tensors are compared as they are."""

NORMED = re.compile(r"(weight|bias)_(?:g|v|orig|u)")
PARAMETRIZED = re.compile(r"(.*?)parametrizations\.(\w+)\.(original0|original1|original|0\._u|0\._v)")
PARTS = {"original0": "g", "original1": "v", "original": "orig", "0._u": "u", "0._v": "v"}
"""What torch's parametrizations call the parts of a weight, and its hooks and paddle's do."""

_ATTENTION = ("q_proj", "k_proj", "v_proj")


@dataclass(frozen=True)
class Tensor:
    """One tensor of a model, or a part of one.

    name: as the model calls it. layer: path of the layer that holds it. kind: torch's class of that layer, or ``own``.
    local: torch's name within the layer. shape: in torch's layout. part: rows of the named tensor, in torch's layout,
    where it is one of several kept as one (torch's attention keeps three). aliases: further names of the same tensor
    (tied weights). whole: shape of the named tensor in torch's layout, where that is another.
    """

    name: str
    layer: str
    kind: str
    local: str
    shape: Shape
    layout: str
    dtype: str
    trainable: bool
    buffer: bool
    part: tuple[int, int] | None = None
    aliases: tuple[str, ...] = ()
    whole: Shape | None = None

    @property
    def constant(self) -> bool:
        """Whether it is a buffer of a user's own layer: a table, a mask, positions."""
        return self.buffer and self.kind == OWN and not self.local.startswith("running_")

    @property
    def portable(self) -> str:
        """Its name in torch's words, part by part."""
        return f"{self.layer}.{self.local}".lstrip(".")

    def read(self, array: Array) -> Array:
        """The tensor in torch's layout, from the array that the model keeps."""
        if self.part is None:
            return LAYOUTS[self.layout].to_portable(array, self.shape)
        assert self.whole is not None
        return LAYOUTS[self.layout].to_portable(array, self.whole)[slice(*self.part)].reshape(self.shape)

    def own(self, pieces: Sequence[Array]) -> Array:
        """The array that the model keeps, from the tensor in torch's layout or from all of its parts in order."""
        if self.part is None:
            array = pieces[0] if self.whole is None else pieces[0].reshape(self.whole)
        else:
            assert self.whole is not None
            array = np.concatenate([piece.reshape(-1, *self.whole[1:]) for piece in pieces])
        return np.asarray(LAYOUTS[self.layout].to_paddle(array), order="C")  # a number stays without axes

    def plain(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return asdict(self)


def tensor_from(data: Mapping[str, Any]) -> Tensor:
    """What :meth:`Tensor.plain` made, read again."""
    part, whole = (data[name] and tuple(data[name]) for name in ("part", "whole"))
    shape, aliases = tuple(data["shape"]), tuple(data["aliases"])
    return Tensor(**{**data, "shape": shape, "part": part, "aliases": aliases, "whole": whole})


def inventory(model: Any) -> list[tuple[Tensor, Any]]:
    """Every tensor of a torch or paddle ``model`` with the framework's own object, each once, in order of definition.

    Torch's batch counter, which paddle has no counterpart of, is left out. Raises TransferError for a model of neither
    framework and for a tensor that a layer with a rule should not have.
    """
    side = side_of(model)
    index = index_rules(side)
    found: dict[int, tuple[list[Tensor], Any]] = {}
    holders: dict[str, Any] = {}
    for path, layer in _layers(model, side, index):
        holders[path] = layer
        for name, tensor in _own_tensors(layer, side):
            if f"{name}_v" in layer._parameters or f"{name}_orig" in layer._parameters:
                continue  # computed from these, in every run
            known = found.get(id(tensor))
            if known is not None:
                known[0][:] = [replace(each, aliases=(*each.aliases, path + name)) for each in known[0]]
                continue
            holder, local = _holder(path, name)
            rule = find_rule(type(holders[holder]), index)
            bare = replace(_bare(layer, name, tensor, side), name=path + name, layer=holder.rstrip("."), local=local)
            made = list(_tensors(bare, holders[holder], tensor, rule, side))
            if made:
                found[id(tensor)] = made, tensor
    return [(each, tensor) for made, tensor in found.values() for each in made]


def _holder(path: str, name: str) -> tuple[str, str]:
    """The layer that a tensor belongs to, and its name there: torch's parametrizations lie beside what they compute."""
    within = PARAMETRIZED.fullmatch(path + name)
    return (path, name) if within is None else (within[1], f"{within[2]}_{PARTS[within[3]]}")


def _bare(layer: Any, name: str, tensor: Any, side: str) -> Tensor:
    """A tensor as its layer has it, before a rule says what it is in torch's words."""
    shape = tuple(int(length) for length in tensor.shape)
    buffer = name not in layer._parameters
    trainable = not buffer and bool(tensor.requires_grad if side == "torch" else not tensor.stop_gradient)
    dtype = str(tensor.dtype).rpartition(".")[2]
    return Tensor(name, "", OWN, name, shape, SAME.name, dtype, trainable, buffer)


def _tensors(made: Tensor, layer: Any, tensor: Any, rule: LayerRule | None, side: str) -> Iterator[Tensor]:
    name = made.local
    if rule is None:
        yield from _attention(made, layer) if side == "torch" else [made]
        return
    normed = NORMED.fullmatch(name)
    if normed is not None and rule.find(side, name) is None and rule.find(side, normed[1]) is not None:
        yield _normed(replace(made, kind=_kind(layer, rule, side)), layer, rule, side, normed[1])
        return
    one = rule.find(side, name)
    if one is None:
        raise TransferError(f"{made.name}: {type(layer).__name__} has no transfer rule for {name!r}")
    if one.paddle is None or (side == "paddle" and _is_constant(layer, name, one, tensor)):
        return
    # In paddle the running statistics are parameters that are not trained.
    buffer = made.buffer or one.torch.startswith("running_")
    made = replace(made, kind=_kind(layer, rule, side), buffer=buffer)
    if side == "torch":
        yield made
        return
    portable = one.layout.portable_shape(made.shape, layer)
    yield replace(made, local=one.torch_name(name), shape=portable, layout=one.layout.name)


def _normed(made: Tensor, layer: Any, rule: LayerRule, side: str, weight: str) -> Tensor:
    """A part of a weight under weight norm or spectral norm: as large as the weight, or a vector in any shape."""
    one = rule.find(side, weight)
    assert one is not None
    if made.local.endswith("_orig") or (made.local.endswith("_v") and len(made.shape) > 1):
        if side == "torch":
            return made
        return replace(made, shape=one.layout.portable_shape(made.shape, layer), layout=one.layout.name)
    return replace(made, shape=(math.prod(made.shape),), whole=made.shape if len(made.shape) != 1 else None)


def _kind(layer: Any, rule: LayerRule, side: str) -> str:
    """Torch's class; where a rule's classes stand side by side (the convolutions do), the one in the same place."""
    first = (rule.torch or rule.paddle)[0].removeprefix("compat.")
    if len(rule.torch) != len(rule.paddle):
        return first
    own = [base.__name__ for base in type(layer).__mro__]
    places = [place for place, name in enumerate(getattr(rule, side)) if name in own]
    return rule.torch[places[0]] if places else first


def _attention(made: Tensor, layer: Any) -> Iterator[Tensor]:
    """Torch keeps the projections of query, key and value in one tensor, paddle in three linear layers."""
    if not type(layer).__module__.startswith("torch.nn.") or made.local not in (
        "in_proj_weight",
        "in_proj_bias",
        *(f"{name}_weight" for name in _ATTENTION),
    ):
        yield made
        return
    what = made.local.rpartition("_")[2]
    if not made.local.startswith("in_proj"):
        projection = made.local.removesuffix("_weight")
        yield replace(made, layer=_joined(made.layer, projection), kind="Linear", local=what)
        return
    rows = made.shape[0] // 3
    for place, projection in enumerate(_ATTENTION):
        part = (place * rows, (place + 1) * rows)
        yield replace(
            made,
            layer=_joined(made.layer, projection),
            kind="Linear",
            local=what,
            shape=(rows, *made.shape[1:]),
            part=part,
            whole=made.shape,
        )


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}".lstrip(".")


def written(tensors: Iterable[tuple[Tensor, Array]]) -> dict[str, Array]:
    """Arrays by the model's own names and in its own layout, from tensors in torch's layout with all their parts."""
    parts: dict[str, list[tuple[int, Tensor, Array]]] = {}
    for tensor, array in tensors:
        parts.setdefault(tensor.name, []).append((tensor.part[0] if tensor.part else 0, tensor, array))
    made = {}
    for name, pieces in parts.items():
        pieces.sort(key=itemgetter(0))
        made[name] = pieces[0][1].own([array for _, _, array in pieces])
    return made
