"""Faults that are put into the workers of a lane, which have neither Hypothesis nor the catalogue of faults."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Iterator
from typing import Any

_in_place = contextlib.ExitStack()


def put(rank: int, target: str, name: str) -> None:
    """In a worker: the call ``module:attribute`` is faulty from now on."""
    _in_place.enter_context(_injected(target, WRAPS[name]))


def take(rank: int) -> None:
    """In a worker: it is right again."""
    _in_place.close()


@contextlib.contextmanager
def _injected(target: str, wrap: Any) -> Iterator[None]:
    module, _, path = target.partition(":")
    *parents, name = path.split(".")
    owner = functools.reduce(getattr, parents, importlib.import_module(module))
    right = getattr(owner, name)
    setattr(owner, name, wrap(right))
    try:
        yield
    finally:
        setattr(owner, name, right)


def distributed(owner: Any) -> Any:
    """The framework's module of several processes, of a wrapped module or a tensor."""
    if any(kind.__module__.startswith("torch") for kind in type(owner).__mro__):
        import torch.distributed as dist
    else:
        import paddle.distributed as dist
    return dist


def weighed(factor: Callable[[Any, int, Any], float]) -> Any:
    """Gradients of a data-parallel module are multiplied before they are exchanged.

    factor: from the module, the rank and the parameter.
    """

    def wrap(make: Any) -> Any:
        def wrong(self: Any, module: Any, *given: Any, **options: Any) -> None:
            make(self, module, *given, **options)
            rank = distributed(self).get_rank()
            for each in module.parameters():
                if not getattr(each, "stop_gradient", not getattr(each, "requires_grad", False)):
                    each.register_hook(lambda g, each=each: g * factor(self, rank, each))

        return wrong

    return wrap


def by_rows(forward: Any) -> Any:
    """The mean is one over rows: the gradient of each process counts as often as it has rows."""

    def wrong(self: Any, x: Any, *given: Any) -> Any:
        dist = distributed(self)
        rows: list[Any] = [None] * dist.get_world_size() if dist.__name__.startswith("torch") else []
        dist.all_gather_object(rows, len(x))
        share = len(rows) * rows[dist.get_rank()] / sum(rows)
        out = forward(self, x, *given)
        return share * out + (1 - share) * out.detach()

    return wrong


def alone(forward: Any) -> Any:
    """Gradients are not exchanged."""

    def wrong(self: Any, *given: Any) -> Any:
        with self.no_sync():
            return forward(self, *given)

    return wrong


def at_once(no_sync: Any) -> Any:
    """Gradients are exchanged where they should wait."""
    return lambda self: contextlib.nullcontext()


def result(change: Callable[[Any], Any]) -> Any:
    """A collective's tensor is another one afterwards."""

    def wrap(call: Any) -> Any:
        def wrong(tensor: Any, *given: Any, **options: Any) -> Any:
            work = call(tensor, *given, **options)
            if work is not None:
                work.wait()
            change(tensor)
            return work

        return wrong

    return wrap


def doubled(tensor: Any) -> None:
    """In place, whatever it holds; an empty one stays."""
    if distributed(tensor).__name__.startswith("torch"):
        tensor.copy_(tensor + tensor)
    else:
        tensor.set_value(tensor + tensor)


def other_root(call: Any) -> Any:
    """The rank that is named is the other one."""

    def wrong(what: Any, src: int = 0, *given: Any, **options: Any) -> Any:
        return call(what, 1 - src, *given, **options)

    return wrong


def backwards(call: Any) -> Any:
    """What ranks have is gathered in the wrong order."""

    def wrong(found: list[Any] | None, *given: Any, **options: Any) -> Any:
        work = call(found, *given, **options)
        if work is not None:
            work.wait()
        if found:
            kept = [each.clone() if hasattr(each, "clone") else each for each in found]
            for place, each in enumerate(reversed(kept)):
                if hasattr(each, "copy_") and hasattr(found[place], "storage"):
                    found[place].copy_(each)
                else:
                    found[place] = each
        return work

    return wrong


def nothing(call: Any) -> Any:
    """It does nothing."""
    return lambda *given, **options: None


def first_share(make: Any) -> Any:
    """A sampler takes every process for rank 0."""

    def wrong(self: Any, *given: Any, **options: Any) -> None:
        make(self, *given, **options)
        self.rank = self.local_rank = 0

    return wrong


def part_of_rank_1_lost(save: Any) -> Any:
    """What rank 1 saves is 0."""

    def wrong(state: Any, *given: Any, **options: Any) -> Any:
        for each in state.values():
            if distributed(each).get_rank() == 1:
                (each.to_local() if hasattr(each, "to_local") else each._local_value()).zero_()
        return save(state, *given, **options)

    return wrong


WRAPS: dict[str, Callable[[Any], Any]] = {
    "sum in place of the mean": weighed(lambda module, rank, each: 2.0),
    "mean taken twice": weighed(lambda module, rank, each: 0.5),
    "gradient of rank 1 dropped": weighed(lambda module, rank, each: 1.0 - rank),
    "gradient of a number without axes dropped": weighed(
        lambda module, rank, each: float(len(each.shape) > 0 or not rank)
    ),
    "mean over rows": by_rows,
    "gradients not exchanged": alone,
    "exchanged within no_sync": at_once,
    "sum taken twice": result(doubled),
    "sum of one taken twice": result(doubled),
    "broadcast from the other rank": other_root,
    "gathered in the wrong order": backwards,
    "received twice": result(doubled),
    "scattered nothing": nothing,
    "nothing reduced and scattered": nothing,
    "objects in the wrong order": backwards,
    "objects of the other rank": other_root,
    "parameters not sent at the start": nothing,
    "buffers not sent": nothing,
    "buffers of the other rank": other_root,
    "both get the first share": first_share,
    "part of rank 1 lost": part_of_rank_1_lost,
    "nothing read": nothing,
}
