"""Automatic mixed precision as programs write it: a scaler around the steps, and regions of another dtype."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, integers, seeds

AREA = "mixed precision"
STEPS = 6


@st.composite
def scaled_runs(draw: st.DrawFn) -> list[Sample]:
    """Steps of small integers with scales that are powers of two; some gradients are infinite or NaN."""
    samples = []
    for overflows in (False, True):
        rng = generator(draw(seeds))
        gradients = integers(rng, (STEPS, 3), 8)
        if overflows:
            for step in draw(st.lists(st.integers(0, STEPS - 1), min_size=1, max_size=3)):
                gradients[step, rng.integers(3)] = draw(st.sampled_from((np.inf, np.nan)))
        options = {
            "init_scale": draw(st.sampled_from((4.0, 1024.0))),
            "growth_factor": draw(st.sampled_from((2.0, 4.0))),
            "backoff_factor": draw(st.sampled_from((0.5, 0.25))),
            "growth_interval": draw(st.integers(1, 4)),
        }
        inputs = {"parameter": integers(rng, (3,), 8), "gradients": gradients, "options": options}
        samples.append(Sample({**inputs, "unscaled": draw(st.booleans()), "stop": draw(st.integers(1, STEPS - 1))}))
    return samples


def run_scaled(make: Any, start: Any, tensor: Any, gradients: Any, unscaled: bool, stop: int) -> dict[str, Any]:
    """Steps under a scaler, which is saved and loaded into a new one after ``stop`` of them."""
    weight, optimizer, clear = start()
    scaler = make()
    moved, scales, losses = [], [], []
    for step, row in enumerate(gradients):
        if step == stop:
            state, scaler = scaler.state_dict(), make()
            scaler.load_state_dict(state)
        clear()
        loss = scaler.scale((weight * tensor(np.nan_to_num(row, nan=1.0, posinf=1.0))).sum())
        losses.append(float(loss))
        scaler.scale((weight * tensor(row)).sum()).backward()
        if unscaled:
            scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        moved.append(np.array(weight.detach().numpy()))
        scales.append(float(scaler.state_dict().get("scale", 1.0)))
    return {"parameter": np.stack(moved), "scale": np.array(scales, "f8"), "loss": np.array(losses, "f8")}


@contract("amp.scaler", area=AREA, samples=scaled_runs(), tensors=False, share=0.3, covers=("amp.GradScaler",))
class scaler:
    """A scaler multiplies the loss, divides the gradients, skips steps that overflow, and moves its scale."""

    note = (
        "Torch's init_scale, growth_factor, backoff_factor and growth_interval are paddle's init_loss_scaling, "
        "incr_ratio, decr_ratio and incr_every_n_steps; decr_every_n_nan_or_inf=1 is torch's rule."
    )

    @staticmethod
    def torch(parameter, gradients, options, unscaled, stop):
        import torch

        def start() -> tuple[Any, Any, Any]:
            weight = torch.nn.Parameter(torch.tensor(parameter))
            optimizer = torch.optim.SGD([weight], lr=0.125)
            return weight, optimizer, optimizer.zero_grad

        make = lambda: torch.amp.GradScaler("cpu", **options)
        return run_scaled(make, start, torch.tensor, gradients, unscaled, stop)

    @staticmethod
    def paddle(parameter, gradients, options, unscaled, stop):
        import paddle

        def start() -> tuple[Any, Any, Any]:
            weight = paddle.create_parameter(parameter.shape, "float32")
            weight.set_value(parameter)
            optimizer = paddle.optimizer.SGD(0.125, parameters=[weight])
            return weight, optimizer, optimizer.clear_grad

        def make() -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
                return paddle.amp.GradScaler(
                    init_loss_scaling=options["init_scale"],
                    incr_ratio=options["growth_factor"],
                    decr_ratio=options["backoff_factor"],
                    incr_every_n_steps=options["growth_interval"],
                    decr_every_n_nan_or_inf=1,
                )

        return run_scaled(make, start, paddle.to_tensor, gradients, unscaled, stop)

    @staticmethod
    def oracle(parameter, gradients, options, unscaled, stop, enabled=True):
        weight, scale, calm = parameter.astype("f8"), options["init_scale"] if enabled else 1.0, 0
        moved, scales, losses = [], [], []
        for row in gradients.astype("f8"):
            plain = np.nan_to_num(row, nan=1.0, posinf=1.0)
            with np.errstate(invalid="ignore"):
                losses.append(scale * float((weight * plain).sum()))
                if np.isfinite(row).all() or not enabled:
                    weight, calm = weight - 0.125 * row, calm + 1
                    if enabled and calm == options["growth_interval"]:
                        scale, calm = scale * options["growth_factor"], 0
                else:
                    scale, calm = scale * options["backoff_factor"], 0
            moved.append(weight)
            scales.append(scale)
        return {
            "parameter": Acceptance(np.stack(moved), dtype="float32"),
            "scale": accuracy.exact(np.array(scales), "float64"),
            "loss": Acceptance(np.array(losses), dtype="float64"),
        }

    @staticmethod
    def variant_disabled(parameter, gradients, options, unscaled, stop):
        """It does nothing: the loss is not scaled, and no step is skipped."""
        return scaler.oracle(parameter, gradients, options, unscaled, stop, enabled=False)


@st.composite
def products(draw: st.DrawFn) -> list[Sample]:
    """Matrices of small integers, whose products bfloat16 holds."""
    rng = generator(draw(seeds))
    rows, inner, columns = (draw(st.integers(1, 5)) for _ in range(3))
    return [
        Sample({"x": integers(rng, (rows, inner), 3), "y": integers(rng, (inner, columns), 3), "enabled": on}, EXACT)
        for on in (True, False)
    ]


@contract("amp.autocast", area=AREA, samples=products(), share=0.2, covers=("amp.autocast",))
class autocast:
    """Within a region of bfloat16 a product of matrices is of that dtype, and an exponential stays float32."""

    @staticmethod
    def torch(x, y, enabled):
        import torch

        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=enabled):
            inside = x @ y
            kept = (x * 0.0).exp()
        return {"inside": inside, "kept": kept, "outside": x @ y}

    @staticmethod
    def paddle(x, y, enabled):
        import paddle

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            with paddle.amp.auto_cast(enable=enabled, dtype="bfloat16"):
                inside = x @ y
                kept = (x * 0.0).exp()
        return {"inside": inside, "kept": kept, "outside": x @ y}

    @staticmethod
    def oracle(x, y, enabled, works=True):
        product = x.astype("f8") @ y.astype("f8")
        return {
            "inside": Acceptance(product, dtype="bfloat16" if enabled and works else "float32"),
            "kept": Acceptance(np.ones(x.shape), dtype="float32"),
            "outside": Acceptance(product, dtype="float32"),
        }

    @staticmethod
    def variant_nothing_on_cpu(x, y, enabled):
        """On a CPU the region changes nothing."""
        return autocast.oracle(x, y, enabled, works=False)
