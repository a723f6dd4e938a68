"""GradScaler as programs use it: around accumulation, clipping and several optimizers; its misuse, and its settings."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import generator, integers, seeds

AREA = "mixed precision"
BOUND = 4.0


@st.composite
def runs(draw: st.DrawFn) -> list[Sample]:
    """Gradients of two weights in steps of several parts, one of which may overflow."""
    rng, samples = generator(draw(seeds)), []
    for overflows in (False, True):
        steps, parts = draw(st.integers(2, 5)), draw(st.integers(1, 3))
        gradients = integers(rng, (steps, parts, 2, 2), 4)
        if overflows:
            place = rng.integers(steps), rng.integers(parts), rng.integers(2), rng.integers(2)
            gradients[place] = draw(st.sampled_from((np.inf, np.nan)))
        inputs = {"start": integers(rng, (2, 2), 4), "gradients": gradients, "clipped": draw(st.booleans())}
        samples.append(
            Sample({**inputs, "scale": draw(st.sampled_from((2.0, 64.0))), "interval": draw(st.integers(1, 3))})
        )
    return samples


def _run(scaler: Any, tensor: Any, clip: Any, weights: Any, optimizers: Any, gradients: Any, clipped: bool) -> Any:
    """Each weight has an optimizer of its own; parts of a step add up, and are clipped by value when unscaled."""
    trace, scales = [], []
    for parts in gradients:
        for optimizer in optimizers:
            (optimizer.zero_grad if hasattr(optimizer, "zero_grad") else optimizer.clear_grad)()
        for rows in parts:
            scaler.scale(
                sum((weight * tensor(row)).sum() for weight, row in zip(weights, rows, strict=True))
            ).backward()
        for weight, optimizer in zip(weights, optimizers, strict=True):
            if clipped:
                scaler.unscale_(optimizer)
                clip([weight], BOUND)
            scaler.step(optimizer)
        scaler.update()
        trace.append([np.array(weight.detach().numpy()) for weight in weights])
        scales.append(float(scaler.state_dict().get("scale", 1.0)))
    return {"weights": np.array(trace), "scale": np.array(scales)}


@contract("amp.scaler_program", area=AREA, samples=runs(), tensors=False, share=0.2, covers=("amp.GradScaler",))
class program:
    """Parts add up under one scale, clipping sees true gradients, an optimizer whose own overflow is skipped alone."""

    @staticmethod
    def torch(start, gradients, clipped, scale, interval):
        import torch

        weights = [torch.nn.Parameter(torch.tensor(row)) for row in start]
        optimizers = [torch.optim.SGD([weight], lr=0.125) for weight in weights]
        scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=interval)
        return _run(scaler, torch.tensor, torch.nn.utils.clip_grad_value_, weights, optimizers, gradients, clipped)

    @staticmethod
    def paddle(start, gradients, clipped, scale, interval):
        import paddle

        weights = [paddle.create_parameter([2], "float32") for _ in start]
        for weight, row in zip(weights, start, strict=True):
            weight.set_value(row)
        optimizers = [paddle.optimizer.SGD(0.125, parameters=[weight]) for weight in weights]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            scaler = paddle.amp.GradScaler(
                init_loss_scaling=scale, incr_every_n_steps=interval, decr_every_n_nan_or_inf=1
            )
        clip = paddle.nn.utils.clip_grad_value_
        return _run(scaler, paddle.to_tensor, clip, weights, optimizers, gradients, clipped)

    @staticmethod
    def oracle(start, gradients, clipped, scale, interval, enabled=True):
        weights, calm, trace, scales = start.astype("f8"), 0, [], []
        now = scale if enabled else 1.0
        for parts in gradients.astype("f8"):
            with np.errstate(invalid="ignore"):
                slopes, overflowed = parts.sum(0), False
                for place, slope in enumerate(slopes):
                    if enabled and not np.isfinite(slope).all():
                        overflowed = True
                    else:
                        weights[place] -= 0.125 * (np.clip(slope, -BOUND, BOUND) if clipped else slope)
            if enabled:
                calm = 0 if overflowed else calm + 1
                if overflowed:
                    now *= 0.5
                elif calm == interval:
                    now, calm = now * 2.0, 0
            trace.append(weights.copy())
            scales.append(now)
        return {
            "weights": Acceptance(np.stack(trace), dtype="float32"),
            "scale": accuracy.exact(np.array(scales), "float64"),
        }

    @staticmethod
    def variant_disabled(start, gradients, clipped, scale, interval):
        """It does nothing: no loss is scaled, and no step is skipped."""
        return program.oracle(start, gradients, clipped, scale, interval, enabled=False)


@st.composite
def plain_runs(draw: st.DrawFn) -> list[Sample]:
    """Steps under a scaler that is switched off, one of which overflows."""
    rng, samples = generator(draw(seeds)), []
    for overflows in (False, True):
        gradients = integers(rng, (draw(st.integers(2, 4)), 2), 4)
        if overflows:
            gradients[rng.integers(len(gradients)), 0] = np.inf
        samples.append(
            Sample({"start": integers(rng, (2,), 4), "gradients": gradients, "minimized": draw(st.booleans())})
        )
    return samples


@contract("amp.scaler_off", area=AREA, samples=plain_runs(), tensors=False, share=0.15, may_be_zero=("state",))
class switched_off:
    """A scaler that is switched off scales nothing, skips nothing, keeps no state, and steps as the optimizer does."""

    note = "Paddle's scaler.minimize(optimizer, loss) is scaler.step(optimizer) and scaler.update() of torch."

    @staticmethod
    def torch(start, gradients, minimized):
        import torch

        weight = torch.nn.Parameter(torch.tensor(start))
        optimizer, trace, losses = torch.optim.SGD([weight], lr=0.125), [], []
        scaler = torch.amp.GradScaler("cpu", init_scale=4.0, enabled=False)
        for row in gradients:
            optimizer.zero_grad()
            losses.append(float(scaler.scale(weight.detach().new_tensor(3.0))))
            scaler.scale((weight * torch.tensor(row)).sum()).backward()
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            trace.append(weight.detach().clone())
        return {"trace": torch.stack(trace), "losses": np.array(losses), "state": len(scaler.state_dict())}

    @staticmethod
    def paddle(start, gradients, minimized):
        import paddle

        weight = paddle.create_parameter([2], "float32")
        weight.set_value(start)
        optimizer, trace, losses = paddle.optimizer.SGD(0.125, parameters=[weight]), [], []
        scaler = paddle.amp.GradScaler(enable=False, init_loss_scaling=4.0)
        for row in gradients:
            optimizer.clear_grad()
            losses.append(float(scaler.scale(paddle.to_tensor(3.0))))
            loss = scaler.scale((weight * paddle.to_tensor(row)).sum())
            loss.backward()
            scaler.unscale_(optimizer)
            if minimized:
                scaler.minimize(optimizer, loss)
            else:
                scaler.step(optimizer)
                scaler.update()
            trace.append(weight.detach().clone())
        return {"trace": paddle.stack(trace), "losses": np.array(losses), "state": len(scaler.state_dict())}

    @staticmethod
    def oracle(start, gradients, minimized):
        with np.errstate(invalid="ignore"):
            trace = start.astype("f8") - 0.125 * np.cumsum(gradients.astype("f8"), 0)
        losses = accuracy.exact(np.full(len(gradients), 3.0), "float64")
        return {"trace": Acceptance(trace, dtype="float32"), "losses": losses, "state": accuracy.exact(0)}


MISUSES = ("unscaled twice", "stepped twice", "unscaled after the step")


@contract(
    "amp.scaler_misuse",
    area=AREA,
    samples=st.permutations(MISUSES).map(lambda drawn: [Sample({"misuse": misuse}) for misuse in drawn]),
    tensors=False,
    share=0.1,
)
class misuse:
    """A second unscale_ or step before update is refused, and so is unscale_ after the step."""

    @staticmethod
    def torch(misuse):
        import torch

        weight = torch.nn.Parameter(torch.ones(1))
        optimizer, scaler = torch.optim.SGD([weight], lr=0.125), torch.amp.GradScaler("cpu")
        scaler.scale(weight.sum()).backward()
        return {"refused": _refused(scaler, optimizer, misuse)}

    @staticmethod
    def paddle(misuse):
        import paddle

        weight = paddle.create_parameter([1], "float32")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            optimizer, scaler = paddle.optimizer.SGD(0.125, parameters=[weight]), paddle.amp.GradScaler()
        scaler.scale(weight.sum()).backward()
        return {"refused": _refused(scaler, optimizer, misuse)}

    @staticmethod
    def oracle(misuse):
        return {"refused": accuracy.exact(True)}

    @staticmethod
    def variant_disabled(misuse):
        """It does nothing, and refuses nothing."""
        return {"refused": accuracy.exact(False)}


def _refused(scaler: Any, optimizer: Any, misuse: str) -> bool:
    first, second = {
        "unscaled twice": (scaler.unscale_, scaler.unscale_),
        "stepped twice": (scaler.step, scaler.step),
        "unscaled after the step": (scaler.step, scaler.unscale_),
    }[misuse]
    first(optimizer)
    try:
        second(optimizer)
    except RuntimeError:
        return True
    return False


@contract(
    "amp.scaler_closure",
    area=AREA,
    samples=st.permutations(("keyword", "place")).map(lambda drawn: [Sample({"way": way}) for way in drawn]),
    tensors=False,
    share=0.1,
    unsupported={"paddle": "its optimizers take no closure"},
)
class closure:
    """A step under a scaler refuses a closure, whose gradients would not be unscaled, however it is given."""

    @staticmethod
    def torch(way):
        import torch

        weight = torch.nn.Parameter(torch.ones(1))
        optimizer = torch.optim.SGD([weight], lr=0.125)
        scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
        scaler.scale(weight.sum()).backward()

        def again() -> Any:
            optimizer.zero_grad()
            loss = scaler.scale(weight.sum())
            loss.backward()
            return loss

        try:
            scaler.step(optimizer, closure=again) if way == "keyword" else scaler.step(optimizer, again)
        except RuntimeError:
            return {"refused": True, "weight": weight.detach()}
        return {"refused": False, "weight": weight.detach()}

    @staticmethod
    def paddle(way):
        raise NotImplementedError

    @staticmethod
    def oracle(way):
        return {"refused": accuracy.exact(True), "weight": Acceptance(np.ones(1), dtype="float32")}

    @staticmethod
    def variant_by_place(way):
        """One that is given by its place is called, and its scaled gradient is stepped: 1 - 4/8 for 1 - 1/8."""
        if way == "place":
            return {"refused": accuracy.exact(False), "weight": Acceptance(np.full(1, 0.5), dtype="float32")}
        return closure.oracle(way)


@st.composite
def settings(draw: st.DrawFn) -> list[Sample]:
    """What a program gives to a scaler."""
    return [
        Sample(
            {
                "scale": draw(st.sampled_from((2.0, 1024.0))),
                "growth": draw(st.sampled_from((2.0, 3.0))),
                "backoff": draw(st.sampled_from((0.5, 0.25))),
                "interval": draw(st.integers(1, 100)),
            }
        )
    ]


@contract("amp.scaler_settings", area=AREA, samples=settings(), tensors=False, share=0.1)
class scaler_settings:
    """A scaler tells its factors and its interval as they were given."""

    note = "get_growth_factor, get_backoff_factor and get_growth_interval are paddle's get_incr_ratio and so on."

    @staticmethod
    def torch(scale, growth, backoff, interval):
        import torch

        scaler = torch.amp.GradScaler("cpu", scale, growth, backoff, interval)
        found = [scaler.get_growth_factor(), scaler.get_backoff_factor(), scaler.get_growth_interval()]
        return {"scale": scaler.get_scale(), "factors": np.array(found, np.float64)}

    @staticmethod
    def paddle(scale, growth, backoff, interval):
        import paddle

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            scaler = paddle.amp.GradScaler(True, scale, growth, backoff, interval)
        found = [scaler.get_incr_ratio(), scaler.get_decr_ratio(), scaler.get_incr_every_n_steps()]
        return {"scale": float(scaler.get_init_loss_scaling()), "factors": np.array(found, np.float64)}

    @staticmethod
    def oracle(scale, growth, backoff, interval):
        factors = np.array([growth, backoff, interval], np.float64)
        return {"scale": accuracy.exact(scale, "float64"), "factors": accuracy.exact(factors, "float64")}

    @staticmethod
    def variant_not_told(scale, growth, backoff, interval):
        """Where it cannot be enabled, it has none."""
        return Rejects("it keeps no settings", error="object has no attribute '_incr_ratio'")


@contract(
    "amp.decorated",
    area=AREA,
    samples=st.sampled_from(("bfloat16", "float16")).map(lambda dtype: [Sample({"dtype": dtype})]),
    tensors=False,
    share=0.1,
)
class decorated:
    """A model for level O2 has weights in the lower format, but for those of batch norm, and is saved as asked."""

    note = "paddle.amp.decorate has no counterpart in torch: the program casts layers, and the state that it saves."

    @staticmethod
    def torch(dtype):
        import torch

        model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
        model[0].to(getattr(torch, dtype))
        saved = {name: each.float() for name, each in model.state_dict().items() if each.is_floating_point()}
        return {"linear": _kind(model[0].weight), "norm": _kind(model[1].weight), "saved": _kind(saved["0.weight"])}

    @staticmethod
    def paddle(dtype):
        import paddle

        model = paddle.nn.Sequential(paddle.nn.Linear(2, 2), paddle.nn.BatchNorm1D(2))
        made = paddle.amp.decorate(models=model, level="O2", dtype=dtype, save_dtype="float32")
        saved = made.state_dict()["0.weight"]
        return {"linear": _kind(made[0].weight), "norm": _kind(made[1].weight), "saved": _kind(saved)}

    @staticmethod
    def oracle(dtype, works=True):
        kinds = {"linear": dtype if works else "float32", "norm": "float32", "saved": "float32"}
        return {name: accuracy.exact(kind) for name, kind in kinds.items()}

    @staticmethod
    def variant_nothing_on_cpu(dtype):
        """On a CPU the model stays as it is."""
        return decorated.oracle(dtype, works=False)


def _kind(tensor: Any) -> str:
    return str(tensor.dtype).rpartition(".")[2]
