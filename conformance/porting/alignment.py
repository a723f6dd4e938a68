"""Which call of one model is which of the other: by their tensors, by what they compute, and by their kinds.

Layers with tensors are anchors, since tensors were matched before. Of the rest, calls that give the same numbers belong
together; and between what is known, calls of one kind in their order.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.porting.sameness import layout

if TYPE_CHECKING:
    from conformance.porting.layers import Call, Trace


def aligned(torch: Trace, paddle: Trace, partners: Mapping[str, str]) -> dict[int, int]:
    """Numbers of torch's calls to those of paddle's. partners: layers that share a tensor, by path."""
    pairs: dict[int, int] = {}
    partners = {**_holders(torch.calls, partners), **partners}
    _by_tensors(torch.calls, paddle.calls, partners, pairs)
    _by_names(torch.calls, paddle.calls, pairs)
    _by_values(torch, paddle, pairs)
    _by_kinds(torch.calls, paddle.calls, partners, pairs)
    return pairs


def _by_tensors(
    ours: Sequence[Call], theirs: Sequence[Call], partners: Mapping[str, str], pairs: dict[int, int]
) -> None:
    """The calls of two layers with the same tensors: of several, those that give the same; the rest in their order."""
    one, other = _by_path(ours), _by_path(theirs)
    for path, numbers in one.items():
        left = list(other.get(partners.get(path, ""), [])) if path in partners else []
        for number in list(numbers) if len(numbers) != len(left) or len(left) > 1 else []:
            same = next((each for each in left if _give_the_same(ours[number], theirs[each])), None)
            if same is not None:
                pairs[number] = same
                left.remove(same)
        rest = [number for number in numbers if number not in pairs]
        pairs.update(zip(rest, left, strict=False))


def _holders(calls: Sequence[Call], partners: Mapping[str, str]) -> dict[str, str]:
    """Layers whose inner layers all are counterparts of inner layers of one other, by path."""
    found = {}
    for path in {call.path for call in calls if not call.function and call.path and call.path not in partners}:
        inner = {one: other for one, other in partners.items() if one.startswith(f"{path}.")}
        holders = {
            other.removesuffix(one.removeprefix(path)) if other.endswith(one.removeprefix(path)) else ""
            for one, other in inner.items()
        }
        if len(holders) == 1 and "" not in holders:
            found[path] = holders.pop()
    return found


def _by_path(calls: Sequence[Call]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number, call in enumerate(calls):
        if not call.function:
            found[call.path].append(number)
    return found


def _give_the_same(one: Call, other: Call) -> bool:
    if len(one.outputs) != len(other.outputs):
        return False
    pairs = zip(one.outputs, other.outputs, strict=True)
    return all(layout(first, second) is not None for first, second in pairs)


def _by_names(ours: Sequence[Call], theirs: Sequence[Call], pairs: dict[int, int]) -> None:
    """Layers of one name and kind, and the models themselves."""
    one, other = _by_path(ours), _by_path(theirs)
    met = set(pairs.values())
    for path, numbers in one.items():
        left = [each for each in other.get(path, []) if each not in met]
        rest = [each for each in numbers if each not in pairs]
        if len(rest) == len(left):  # where one is called more often, the order of the others says which is which
            for number, place in zip(rest, left, strict=True):
                if path == "" or ours[number].common == theirs[place].common:
                    pairs[number] = place


def _by_values(torch: Trace, paddle: Trace, pairs: dict[int, int]) -> None:
    """Leaves that give the same numbers; those of one kind first."""
    met = set(pairs.values())
    makers: dict[int, list[int]] = defaultdict(list)
    for number, call in enumerate(paddle.calls):
        if call.leaf and number not in met and call.made:
            makers[call.made[0]].append(number)
    for number, call in enumerate(torch.calls):
        if number in pairs or not call.leaf or not call.outputs or _says_nothing(call.outputs[0]):
            continue
        found = [each for place in paddle.pool.find(call.outputs[0]) for each in makers.get(place, [])]
        found = [each for each in found if each not in met]
        alike = [each for each in found if paddle.calls[each].common == call.common]
        if alike or found:
            pairs[number] = (alike or found)[0]
            met.add(pairs[number])


def _says_nothing(array: np.ndarray[Any, Any]) -> bool:
    """Whether many arrays are equal to this one: it holds one number, or truth values."""
    return array.size < 2 or array.dtype.kind == "b" or bool((array == array.flat[0]).all())


def _by_kinds(ours: Sequence[Call], theirs: Sequence[Call], partners: Mapping[str, str], pairs: dict[int, int]) -> None:
    """Between what is known, calls of one kind in their order; a layer that has tensors is no other's counterpart."""
    met = {place: number for number, place in pairs.items()}
    taken = set(partners.values())
    one = [
        (number, f"={number}" if number in pairs else _word(call))
        for number, call in enumerate(ours)
        if number in pairs or (call.leaf and (call.function or call.path not in partners))
    ]
    other = [
        (number, f"={met[number]}" if number in met else _word(call))
        for number, call in enumerate(theirs)
        if number in met or (call.leaf and (call.function or call.path not in taken))
    ]
    matcher = difflib.SequenceMatcher(None, [word for _, word in one], [word for _, word in other], False)
    for first, second, size in matcher.get_matching_blocks():
        for index in range(size):
            pairs.setdefault(one[first + index][0], other[second + index][0])


def _word(call: Call) -> str:
    return call.common
