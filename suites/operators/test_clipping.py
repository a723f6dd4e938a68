"""Clipping of gradients, by the functions that change them and by what optimizers take; ordinary ones and special."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.functions import sqrt
from conformance.number_formats import computed_in
from conformance.quantity import Quantity, acceptance, divide, made, quantity
from conformance.strategies import array_shapes, generator, real, seeds
from reference_impl.oracle.update_rules import number

AREA = "clipping"
FAMILIES = ("normal", "mixed", "heavy", "tiny", "sparse")
SPECIAL = (np.nan, np.inf, -np.inf)
NORMS = (2.0, 2.0, 1.0, np.inf)
TORCH_EPS = 1e-6
"""What clip_grad_norm_ adds to a norm before it divides by it."""


@st.composite
def gradients(draw: st.DrawFn, /, **options: st.SearchStrategy[Any]) -> list[Sample]:
    """Of some parameters: ordinary in both formats, all zero, and with NaN or infinities among them."""
    rng, samples = generator(draw(seeds)), []
    for kind in ("float32", "float64", "zero", "special"):
        dtype = kind if kind.startswith("float") else "float32"
        shapes = draw(st.lists(array_shapes(5, 2, share=0.2), min_size=1, max_size=3))
        arrays = [real(rng, shape, draw(st.sampled_from(FAMILIES)), dtype) for shape in shapes]
        if kind == "zero":
            arrays = [np.zeros_like(array) for array in arrays]
        if kind == "special":
            arrays[-1].flat[rng.integers(arrays[-1].size)] = draw(st.sampled_from(SPECIAL))
        size = float(np.sqrt(sum(np.sum(np.square(array, dtype="f8")) for array in arrays)))
        limit = draw(st.sampled_from((0.1, 0.5, 0.99, 2.0, 10.0))) * (size if 0 < size < np.inf else 1.0)
        drawn = {name: draw(values) for name, values in options.items()}
        if drawn.get("kind") == np.inf:  # what the maximum does with NaN is a matter of its own
            arrays = [np.where(np.isnan(array), np.inf, array).astype(dtype) for array in arrays]
        samples.append(Sample({"gradients": arrays, "limit": limit, **drawn}))
    return samples


def torch_parameters(gradients) -> list[Any]:
    """Parameters of zeros with these gradients, and one in front without any."""
    import torch

    found = [torch.nn.Parameter(torch.zeros(2))]
    for array in gradients:
        found.append(torch.nn.Parameter(torch.zeros(array.shape, dtype=getattr(torch, str(array.dtype)))))
        found[-1].grad = torch.tensor(array)
    return found


def paddle_parameters(gradients) -> list[Any]:
    """As :func:`torch_parameters`."""
    import paddle

    found = [paddle.create_parameter([2], "float32")]
    for array in gradients:
        weight = paddle.create_parameter(array.shape, str(array.dtype))
        weight.set_value(np.zeros_like(array))
        (weight * paddle.to_tensor(array)).sum().backward()
        found.append(weight)
    return found


def norm_of(arrays: list[np.ndarray], kind: float) -> Quantity:
    """The norm of all elements; kernels form it of each array, and then of those."""
    whole = quantity(np.concatenate([np.ravel(array) for array in arrays]))
    if kind == np.inf:
        return Quantity(np.abs(whole.value).max())
    total = sqrt((whole * whole).sum()) if kind == 2.0 else abs(whole).sum()
    return made(total.value, total.error, 4 + 2 * len(arrays))


def scaled_to(arrays: list[np.ndarray], norm: Quantity, limit: float, eps: float) -> list[Quantity]:
    """Gradients that are multiplied by limit / norm where that is below 1."""
    with np.errstate(all="ignore"):
        factor = divide(number(limit), norm + eps) if eps else divide(number(limit), norm)
    value = np.where(factor.value > 1.0, 1.0, factor.value)
    share = Quantity(value, np.where(np.isnan(value), 0.0, factor.error))
    return [quantity(array) * share for array in arrays]


def accepted(found: list[Quantity], dtype: str, name: str = "gradient") -> dict[str, Acceptance]:
    """Of each parameter in turn."""
    return {f"{name}.{place}": acceptance(each, dtype, dtype) for place, each in enumerate(found)}


@contract(
    "clip.grad_norm",
    area=AREA,
    samples=gradients(kind=st.sampled_from(NORMS), strict=st.booleans()),
    tensors=False,
    share=0.4,
    covers=("utils.clip_grad_norm_",),
    may_be_zero=tuple(f"gradient.{place}" for place in range(3)),
)
class grad_norm:
    """clip_grad_norm_ scales all gradients by one factor where their norm is greater, and returns the norm."""

    @staticmethod
    def torch(gradients, limit, kind, strict):
        import torch

        weights = torch_parameters(gradients)
        norm = torch.nn.utils.clip_grad_norm_(weights, limit, kind, error_if_nonfinite=strict)
        return {"norm": norm, **{f"gradient.{place}": each.grad for place, each in enumerate(weights[1:])}}

    @staticmethod
    def paddle(gradients, limit, kind, strict):
        import paddle

        weights = paddle_parameters(gradients)
        norm = paddle.nn.utils.clip_grad_norm_(weights, limit, kind, error_if_nonfinite=strict)
        return {"norm": norm, **{f"gradient.{place}": each.grad for place, each in enumerate(weights[1:])}}

    @staticmethod
    def oracle(gradients, limit, kind, strict, eps=TORCH_EPS):
        dtype = str(gradients[0].dtype)
        with computed_in(dtype), np.errstate(invalid="ignore"):
            norm = norm_of(gradients, kind)
            if strict and not np.isfinite(norm.value):
                return Rejects("the norm is not finite", error="RuntimeError")
            found = scaled_to(gradients, norm, limit, eps)
            return {"norm": acceptance(norm, dtype, dtype), **accepted(found, dtype)}

    @staticmethod
    def variant_float32_eps(gradients, limit, kind, strict):
        """What is added to the norm is float32 whatever the gradients are."""
        return grad_norm.oracle(gradients, limit, kind, strict, eps=float(np.float32(TORCH_EPS)))


@contract(
    "clip.grad_value",
    area=AREA,
    samples=gradients(),
    tensors=False,
    share=0.3,
    covers=("utils.clip_grad_value_",),
    may_be_zero=tuple(f"gradient.{place}" for place in range(3)),
)
class grad_value:
    """clip_grad_value_ keeps every element of a gradient within the limit, and leaves NaN."""

    @staticmethod
    def torch(gradients, limit):
        import torch

        weights = torch_parameters(gradients)
        torch.nn.utils.clip_grad_value_(weights, limit)
        return {f"gradient.{place}": each.grad for place, each in enumerate(weights[1:])}

    @staticmethod
    def paddle(gradients, limit):
        import paddle

        weights = paddle_parameters(gradients)
        paddle.nn.utils.clip_grad_value_(weights, limit)
        return {f"gradient.{place}": each.grad for place, each in enumerate(weights[1:])}

    @staticmethod
    def oracle(gradients, limit):
        edge = np.asarray(limit, gradients[0].dtype)
        return {
            f"gradient.{place}": Acceptance(np.clip(array, -edge, edge), dtype=str(array.dtype))
            for place, array in enumerate(gradients)
        }


@contract(
    "clip.in_optimizer",
    area=AREA,
    samples=gradients(way=st.sampled_from(("global", "each", "value"))),
    tensors=False,
    share=0.4,
    covers=("nn.ClipGradByGlobalNorm",),
    may_be_zero=tuple(f"step.{place}" for place in range(3)),
)
class in_optimizer:
    """A step with clipped gradients goes as far as the clipping says: of all, of each parameter, of each element."""

    note = (
        "Paddle clips inside the optimizer, by grad_clip=ClipGradByGlobalNorm and the like; in torch a program calls "
        "clip_grad_norm_ or clip_grad_value_ before each step."
    )

    @staticmethod
    def torch(gradients, limit, way):
        import torch

        weights = torch_parameters(gradients)
        if way == "value":
            torch.nn.utils.clip_grad_value_(weights, limit)
        elif way == "global":
            torch.nn.utils.clip_grad_norm_(weights, limit)
        else:
            for weight in weights[1:]:
                torch.nn.utils.clip_grad_norm_(weight, limit)
        torch.optim.SGD(weights, lr=1.0).step()
        return {f"step.{place}": -each for place, each in enumerate(weights[1:])}

    @staticmethod
    def paddle(gradients, limit, way):
        import paddle

        weights = paddle_parameters(gradients)
        kinds = {
            "global": paddle.nn.ClipGradByGlobalNorm,
            "each": paddle.nn.ClipGradByNorm,
            "value": paddle.nn.ClipGradByValue,
        }
        paddle.optimizer.SGD(1.0, parameters=weights, grad_clip=kinds[way](limit)).step()
        return {f"step.{place}": -each for place, each in enumerate(weights[1:])}

    @staticmethod
    def oracle(gradients, limit, way, eps=TORCH_EPS):
        dtype = str(gradients[0].dtype)
        if way == "value":
            edge = np.asarray(limit, gradients[0].dtype)
            found = [quantity(np.clip(array, -edge, edge)) for array in gradients]
            return accepted(found, dtype, "step")
        with computed_in(dtype), np.errstate(invalid="ignore"):
            groups = [gradients] if way == "global" else [[array] for array in gradients]
            found = [each for group in groups for each in scaled_to(group, norm_of(group, 2.0), limit, eps)]
            return accepted(found, dtype, "step")

    @staticmethod
    def variant_without_eps(gradients, limit, way):
        """Nothing is added to the norm; of a single parameter it is formed in float32 alone."""
        return _without_eps(gradients, limit, way)

    @staticmethod
    def variant_nan_ignored(gradients, limit, way):
        """As without_eps; a norm that is NaN counts as one that is within the limit."""
        accepted = _without_eps(gradients, limit, way)
        if way == "value" or isinstance(accepted, Rejects):
            return accepted
        groups = [gradients] if way == "global" else [[array] for array in gradients]
        kept = [each for group in groups for each in [_unscaled(group)] * len(group)]
        return {
            name: Acceptance(array, dtype=str(array.dtype)) if keep else accepted[name]
            for name, array, keep in zip(accepted, gradients, kept, strict=True)
        }


def _unscaled(group: list[np.ndarray]) -> bool:
    return any(np.isnan(array).any() for array in group)


def _without_eps(gradients, limit, way) -> Any:
    if way == "each" and gradients[0].dtype == np.float64:
        return Rejects("there is no kernel", error="of kernel `clip_by_norm` is not registered")
    return in_optimizer.oracle(gradients, limit, way, eps=0.0)
