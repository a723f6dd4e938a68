"""Regions of autocast: nested, switched off, with weights that change inside, and functions that leave them."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from suites.support.lower_formats import LOWER, nearly_whole

AREA = "mixed precision"
OFF = "off"


@st.composite
def nestings(draw: st.DrawFn) -> list[Sample]:
    """Regions within regions, some of which are off, around products with a weight or with a plain tensor."""
    rng = generator(draw(seeds))
    regions = draw(st.lists(st.sampled_from((*LOWER, OFF)), min_size=1, max_size=3))
    other = draw(st.sampled_from([[LOWER[0], OFF], [LOWER[1], OFF, LOWER[1]], [OFF, LOWER[0]]]))
    return [
        Sample({"a": nearly_whole(rng, (2, 2)), "b": nearly_whole(rng, (2, 1)), "regions": given, "trained": trained})
        for given, trained in ((regions, False), (other, True), ([LOWER[0], LOWER[1]], True))
    ]


@contract("amp.regions", area=AREA, samples=nestings(), tensors=False, share=0.15)
class nested:
    """The innermost region decides on its way in and out, one that is off casts nothing, and none outlasts its end."""

    @staticmethod
    def torch(a, b, regions, trained):
        import torch

        given, weight, found = torch.tensor(a), torch.tensor(b, requires_grad=trained), {}

        def enter(place: int) -> None:
            if place == len(regions):
                return
            on = regions[place] != OFF
            with torch.autocast("cpu", getattr(torch, regions[place]) if on else None, enabled=on):
                found[f"in.{place}"] = given @ weight
                enter(place + 1)
                found[f"out.{place}"] = given @ weight

        enter(0)
        return {**found, "after": given @ weight}

    @staticmethod
    def paddle(a, b, regions, trained):
        import paddle

        given, weight, found = paddle.to_tensor(a), paddle.to_tensor(b, stop_gradient=not trained), {}

        def enter(place: int) -> None:
            if place == len(regions):
                return
            on = regions[place] != OFF
            with paddle.amp.auto_cast(enable=on, dtype=regions[place] if on else LOWER[0]):
                found[f"in.{place}"] = given @ weight
                enter(place + 1)
                found[f"out.{place}"] = given @ weight

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            enter(0)
        return {**found, "after": given @ weight}

    @staticmethod
    def oracle(a, b, regions, trained, works=True):
        found = {}
        for place, kind in enumerate(regions):
            found[f"in.{place}"] = found[f"out.{place}"] = _product(a, b, kind if works else OFF)
        return {**found, "after": _product(a, b, OFF)}

    @staticmethod
    def variant_first_cast_kept(a, b, regions, trained):
        """The cast of a weight is kept to the end of the outermost region, also for one of another dtype."""
        kinds = {kind for kind in regions if kind != OFF}
        if trained and len(kinds) > 1:
            return Rejects("two dtypes in a product", error="expected m1 and m2 to have the same dtype")
        return nested.oracle(a, b, regions, trained)

    @staticmethod
    def variant_nothing_on_cpu(a, b, regions, trained):
        return nested.oracle(a, b, regions, trained, works=False)


def _product(a: np.ndarray, b: np.ndarray, kind: str) -> Acceptance:
    if kind == OFF:
        return accuracy.dot(np.matmul, a, b, terms=a.shape[1])
    return Acceptance(np.rint(a).astype("f8") @ np.rint(b), dtype=kind)


CHANGES = ("in place", "by a step", "data")


@st.composite
def changes(draw: st.DrawFn) -> list[Sample]:
    """A weight that changes between two products of one region, with the cache of casts and without."""
    rng = generator(draw(seeds))
    return [
        Sample(
            {
                "a": rng.integers(1, 5, (2, 2)).astype("f4"),
                "b": rng.integers(1, 5, (2, 1)).astype("f4"),
                "change": draw(st.sampled_from(CHANGES)),
                "trained": trained,
                "cached": cached,
                "again": again,
            }
        )
        for trained, cached, again in (
            (True, True, False),
            (True, True, True),
            (False, True, False),
            (True, False, False),
        )
    ]


@contract("amp.changed_weight", area=AREA, samples=changes(), tensors=False, share=0.15)
class changed_weight:
    """A product within a region is of the weight as it is, whether it changed in the region or before it."""

    @staticmethod
    def torch(a, b, change, trained, cached, again):
        import torch

        given, weight = torch.tensor(a), torch.nn.Parameter(torch.tensor(b), requires_grad=trained)
        region = lambda: torch.autocast("cpu", torch.bfloat16, cache_enabled=cached)
        with contextlib.ExitStack() as outer:
            outer.enter_context(region())
            before = given @ weight
            if change == "by a step":
                weight.grad = -weight.detach()
                torch.optim.SGD([weight], lr=1.0).step()
            elif change == "data":
                weight.data = 2 * weight.data
            else:
                with torch.no_grad():
                    weight.mul_(2)
            if again:  # a region of its own
                outer.close()
                outer.enter_context(region())
            after = given @ weight
        return {"before": before.float(), "after": after.float()}

    @staticmethod
    def paddle(a, b, change, trained, cached, again):
        import paddle

        given, weight = paddle.to_tensor(a), paddle.to_tensor(b, stop_gradient=not trained)
        with warnings.catch_warnings(), contextlib.ExitStack() as outer:
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            outer.enter_context(paddle.amp.auto_cast(dtype="bfloat16"))
            before = given @ weight
            with paddle.no_grad():
                weight.set_value(2 * weight)
            if again:  # a region of its own
                outer.close()
                outer.enter_context(paddle.amp.auto_cast(dtype="bfloat16"))
            after = given @ weight
        return {"before": before.astype("float32"), "after": after.astype("float32")}

    @staticmethod
    def oracle(a, b, change, trained, cached, again, times=2):
        product = a.astype("f8") @ b
        return {"before": Acceptance(product, dtype="float32"), "after": Acceptance(times * product, dtype="float32")}

    @staticmethod
    def variant_stale_cast(a, b, change, trained, cached, again):
        """The cast of a trained weight is kept to the end of the region."""
        stale = trained and cached and not again
        return changed_weight.oracle(a, b, change, trained, cached, again, times=1 if stale else 2)


@st.composite
def own_functions(draw: st.DrawFn) -> list[Sample]:
    """A function with a backward of its own, that follows the region or is run in float32, and where backward runs."""
    rng = generator(draw(seeds))
    return [
        Sample({"a": nearly_whole(rng, (2, 2)), "b": nearly_whole(rng, (2, 2)), "wide": wide, "inside": inside})
        for wide in (False, True)
        for inside in (False, True)
    ]


@contract(
    "amp.own_function",
    area=AREA,
    samples=own_functions(),
    tensors=False,
    share=0.12,
    unsupported={"paddle": "there are no counterparts of custom_fwd and custom_bwd: a PyLayer casts by itself"},
)
class own_function:
    """custom_fwd lets a function follow the region or leave it with inputs cast; custom_bwd does the same backward."""

    @staticmethod
    def torch(a, b, wide, inside):
        import torch

        class Product(torch.autograd.Function):
            @staticmethod
            @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32 if wide else None)
            def forward(context, x, y):
                context.save_for_backward(x, y)
                context.seen = x.dtype
                return x @ y

            @staticmethod
            @torch.amp.custom_bwd(device_type="cpu")
            def backward(context, gradient):
                x, y = context.saved_tensors
                products.append(gradient.to(y.dtype) @ y.T)
                return products[0].to(x.dtype), None

        products: list[Any] = []
        given = torch.tensor(a).bfloat16().requires_grad_()
        other = torch.tensor(b)
        with torch.autocast("cpu", torch.bfloat16):
            output = Product.apply(given, other)
            if inside:
                output.float().sum().backward()
        if not inside:
            output.float().sum().backward()
        return {"output": output, "product": products[0], "gradient": given.grad.float()}

    @staticmethod
    def paddle(a, b, wide, inside):
        raise NotImplementedError

    @staticmethod
    def oracle(a, b, wide, inside):
        x, y = np.rint(a).astype("f8"), (b if wide else np.rint(b)).astype("f8")
        kind, units = ("float32", accuracy.U) if wide else ("bfloat16", 0.0)
        product, slope = x @ y, np.broadcast_to(y.sum(1), x.shape)
        size = 8 * units * (np.abs(x) @ np.abs(y)), 8 * units * np.broadcast_to(np.abs(y).sum(1), x.shape)
        return {
            "output": Acceptance(product, size[0], dtype=kind),
            "product": Acceptance(slope, size[1], dtype=kind),
            "gradient": Acceptance(slope, 2.0**-8 * np.abs(slope) * wide, dtype="float32"),
        }


@st.composite
def recomputed(draw: st.DrawFn) -> list[Sample]:
    """A product that is recomputed after the region in which it was first made."""
    rng = generator(draw(seeds))
    return [
        Sample({"a": nearly_whole(rng, (2, 2)), "b": nearly_whole(rng, (2, 1)), "reentrant": reentrant, "kind": kind})
        for reentrant in (True, False)
        for kind in (draw(st.sampled_from(LOWER)), OFF)
    ]


@contract("amp.recomputed", area=AREA, samples=recomputed(), tensors=False, share=0.12)
class in_a_recomputed_block:
    """A block that is recomputed outside of its region is cast again as it was inside."""

    @staticmethod
    def torch(a, b, reentrant, kind):
        import torch
        from torch.utils.checkpoint import checkpoint

        given, weight = torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)
        seen: list[str] = []

        def block(given: Any, weight: Any) -> Any:
            product = given @ weight
            seen.append(str(product.dtype).rpartition(".")[2])
            return product.float().square()

        on = kind != OFF
        with torch.autocast("cpu", getattr(torch, kind) if on else None, enabled=on):
            output = checkpoint(block, given, weight, use_reentrant=reentrant)
        output.sum().backward()
        return {"output": output, "gradient": weight.grad, "seen": seen}

    @staticmethod
    def paddle(a, b, reentrant, kind):
        import paddle
        from paddle.distributed.fleet.utils import recompute

        given, weight = (paddle.to_tensor(each, stop_gradient=False) for each in (a, b))
        seen: list[str] = []

        def block(given: Any, weight: Any) -> Any:
            product = given @ weight
            seen.append(str(product.dtype).rpartition(".")[2])
            return product.astype("float32").square()

        on = kind != OFF
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            with paddle.amp.auto_cast(enable=on, dtype=kind if on else LOWER[0]):
                output = recompute(block, given, weight)
            output.sum().backward()
        return {"output": output, "gradient": weight.grad, "seen": seen}

    @staticmethod
    def oracle(a, b, reentrant, kind):
        on = kind != OFF
        x, y = (np.rint(each).astype("f8") if on else each.astype("f8") for each in (a, b))
        product, units = x @ y, 0.0 if on else 16 * accuracy.U
        size = np.abs(x) @ np.abs(y)
        seen = {f"seen.{place}": accuracy.exact(kind if on else "float32") for place in range(2)}
        return {
            **seen,
            "output": Acceptance(np.square(product), units * np.square(size), dtype="float32"),
            "gradient": Acceptance(2.0 * x.T @ product, 2.0 * units * np.abs(x).T @ size, dtype="float32"),
        }

    @staticmethod
    def variant_nothing_on_cpu(a, b, reentrant, kind):
        """On a CPU the region changes nothing."""
        return in_a_recomputed_block.oracle(a, b, reentrant, OFF)
