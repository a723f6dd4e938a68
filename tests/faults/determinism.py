"""Faults of repeatability: of seeds, of the order of samples and of sums, and of the settings of a whole process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.optimizers import CLASSES, in_both
from tests.faults.wraps import argument, lost, method

CNN, RECURRENT, DROPOUT, LOOP, SHUFFLE, WORKERS, SEEDED = (
    f"determinism.{name}" for name in ("cnn_step", "rnn_step", "dropout", "loop", "shuffle", "workers", "seeded")
)
SEED = {TORCH: "torch:manual_seed", PADDLE: "paddle:seed"}
ORDER = in_both("reference_impl.{}_impl.dataset:Order")
SET_EPOCH = in_both("reference_impl.{}_impl.dataset:set_epoch")
LOADER = in_both("reference_impl.{}_impl.dataset:Loader.__iter__")
MASKED = {TORCH: "torch.nn.functional:dropout", PADDLE: "paddle.nn.functional:dropout"}
FORWARD = {TORCH: "torch.nn:Linear.forward", PADDLE: "paddle.nn:Linear.forward"}


def drawn_ahead(lane: str) -> Wrap:
    """A seed after which, every other time, a number has been drawn already."""

    def wrap(call: Any) -> Any:
        made = itertools.count()

        def wrong(seed: int) -> None:
            call(seed)
            if next(made) % 2:
                if lane == TORCH:
                    import torch

                    torch.rand(1)
                else:
                    import paddle

                    paddle.rand([1])

        return wrong

    return wrap


def of_numpy(call: Any) -> Any:
    """Dropout whose mask NumPy's global generator draws, which the framework's seed does not reach."""

    def wrong(x: Any, p: float = 0.5, *rest: Any, **options: Any) -> Any:
        training = options.get("training", rest[0] if rest and isinstance(rest[0], bool) else True)
        if not training or not p:
            return x
        kept = (np.random.random(tuple(x.shape)) >= p).astype(np.float32)
        if hasattr(x, "stop_gradient"):
            import paddle

            return x * paddle.to_tensor(kept) / (1 - p)
        import torch

        return x * torch.tensor(kept) / (1 - p)

    return wrong


def same_mask(call: Any) -> Any:
    """Dropout that draws the same mask at each call."""

    def wrong(x: Any, *rest: Any, **options: Any) -> Any:
        if hasattr(x, "stop_gradient"):
            import paddle

            paddle.seed(1)
        else:
            import torch

            torch.manual_seed(1)
        return call(x, *rest, **options)

    return wrong


def order(change: Callable[[Any, list[int]], list[int]]) -> Wrap:
    """An order of samples that is another; change: given the right one and its object."""

    def wrap(cls: Any) -> Any:
        class Wrong(cls):
            def __iter__(self) -> Iterator[int]:
                return iter(change(self, list(super().__iter__())))

        return Wrong

    return wrap


def as_at_first(own: Any, found: list[int]) -> list[int]:
    """The order of the first epoch."""
    return list(np.random.default_rng([own.seed, 0]).permutation(own.count))


def of_seed_0(own: Any, found: list[int]) -> list[int]:
    """The order of seed 0."""
    return list(np.random.default_rng([0, own.epoch - 1]).permutation(own.count))


def of_the_process(own: Any, found: list[int]) -> list[int]:
    """An order from the process' own generator."""
    return list(np.random.permutation(own.count))


def last_two_exchanged(own: Any, found: list[int]) -> list[int]:
    """Nearly the right order."""
    return [*found[:-2], *found[:-3:-1]]


def one_drawn_twice(own: Any, found: list[int]) -> list[int]:
    """A sample in place of another."""
    return [*found[:-1], found[0]]


def overtaking(call: Any) -> Any:
    """A loader whose second batch comes first where several processes read."""

    def wrong(self: Any) -> Iterator[Any]:
        batches = list(call(self))
        if self.num_workers and len(batches) > 1:
            batches[:2] = batches[1::-1]
        return iter(batches)

    return wrong


def in_any_order(call: Any) -> Any:
    """A linear layer that sums its products in another order each time, as threads that add atomically do."""
    orders = np.random.default_rng(0)  # of one seed, so that the proof at least repeats

    def wrong(self: Any, x: Any) -> Any:
        places = orders.permutation(x.shape[-1])
        if hasattr(x, "stop_gradient"):
            import paddle

            chosen = paddle.to_tensor(places)
            return paddle.nn.functional.linear(
                paddle.index_select(x, chosen, -1), paddle.index_select(self.weight, chosen, 0), self.bias
            )
        import torch

        return torch.nn.functional.linear(x[..., places], self.weight[:, places], self.bias)

    return wrong


def sown(seed: int) -> int:
    """One seed for all."""
    return 7


def coarse(seed: int) -> int:
    """A seed without its last bit."""
    return seed // 2 * 2


def leaving(change: Callable[[Any], Any]) -> Wrap:
    """A step that leaves a setting of the process changed; change: given the framework."""

    def after(optimizer: Any) -> None:
        import importlib

        change(importlib.import_module("torch" if hasattr(optimizer, "state") else "paddle"))

    return method(after=after)


def two_threads(framework: Any) -> None:
    """More than one thread."""
    if framework.__name__ == "torch":
        framework.set_num_threads(2)
    else:
        framework.base.core.set_num_threads(2)


def double(framework: Any) -> None:
    """float64 for what is made without a dtype."""
    framework.set_default_dtype(framework.float64 if framework.__name__ == "torch" else "float64")


def tf32(torch: Any) -> None:
    """Products of fewer bits."""
    torch.set_float32_matmul_precision("high")


def any_kernel(torch: Any) -> None:
    """Kernels that may sum in any order."""
    torch.use_deterministic_algorithms(False)


def autocast(framework: Any) -> None:
    """Products in bfloat16, of which a schedule has none; paddle's own switch does nothing on a CPU."""
    if framework.__name__ == "torch":
        framework.autocast("cpu", framework.bfloat16).__enter__()
    else:
        core = framework.base.core
        state = core._get_amp_attrs()
        state._amp_level, state._amp_dtype = core.AmpLevel.O1, "bfloat16"


SETTLED = "schedule.constant"
SGD = {lane: f"{target}.step" for lane, target in CLASSES["sgd"].items()}
FAULTS = (
    *both("seed ignored", SEED, lost, RECURRENT, DROPOUT, SEEDED),
    *both("masks of an epoch not sown", SEED, lost, "checkpoint.resume"),
    *both("one seed for all", SEED, argument(0, "seed", sown), RECURRENT, DROPOUT, SEEDED),
    *both("last bit of the seed ignored", SEED, argument(0, "seed", coarse), RECURRENT, DROPOUT),
    *both("drawn once too often", SEED, {lane: drawn_ahead(lane) for lane in SEED}, RECURRENT, DROPOUT, SEEDED),
    *both("dropout of another generator", MASKED, of_numpy, DROPOUT, LOOP, SEEDED),
    *both("same mask each time", MASKED, same_mask, DROPOUT),
    *both("same order in each epoch", ORDER, order(as_at_first), SHUFFLE, "train.epochs"),
    *both("order of seed 0", ORDER, order(of_seed_0), SHUFFLE),
    *both("order of the process", ORDER, order(of_the_process), SHUFFLE),
    *both("last two exchanged", ORDER, order(last_two_exchanged), SHUFFLE),
    *both("one sample drawn twice", ORDER, order(one_drawn_twice), SHUFFLE),
    *both("epoch of the order not set", SET_EPOCH, lost, SHUFFLE),
    *both("batches overtake", LOADER, overtaking, WORKERS),
    *both("sums in any order", FORWARD, in_any_order, CNN, RECURRENT),
    *both("leaves float64 as default", SGD, leaving(double), SETTLED),
    *both("leaves two threads", SGD, leaving(two_threads), SETTLED),
    *both("leaves autocast on", SGD, leaving(autocast), SETTLED),
    Fault("leaves TF32 allowed", TORCH, (SETTLED,), SGD[TORCH], leaving(tf32)),
    Fault("leaves determinism off", TORCH, (SETTLED,), SGD[TORCH], leaving(any_kernel)),
)
