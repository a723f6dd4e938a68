"""One step and several steps of every optimizer, from identical gradients, with all state looked at afterwards.

A single Adam step from zero moments is nearly blind: bias correction cancels both betas and the update is about
-lr * sign(g). So most samples start from a warm state (t >= 1, moments not zero), some with moments near eps squared,
and the moments and the step count are judged beside the parameters.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Sample, accuracy, contract
from conformance.contract import find
from conformance.strategies import array_shapes, generator, integers, real, seeds
from reference_impl.oracle import optimizers as oracle

ROUNDING = 1.5
"""Multiple of the running error bound of ``reference_impl.oracle.rounding``; see benchmarks/optimizer_constants.py."""

FLOAT32_BETAS: dict[str, Any] = {"beta_dtype": np.float32, "beta_power_dtype": np.float32}
"""Options of the oracle's Adam that make it paddle's."""

FAMILIES = ("normal", "mixed", "near_eps", "near_eps", "sparse", "tiny", "heavy")

lrs = st.sampled_from((1e-3, 1e-3, 1e-2, 0.1, 1.0, 3e-4)) | st.floats(1e-5, 1.0)
decays = st.sampled_from((0.0, 0.0, 1e-4, 1e-2, 0.3))
momenta = st.sampled_from((0.9, 0.5, 0.99)) | st.floats(0.05, 0.99)
epsilons = st.sampled_from((1e-8, 1e-8, 1e-7, 1e-6, 1e-4, 1e-10))
steps_taken = st.sampled_from((0, 1, 1, 2, 3, 5, 10, 100, 1000, 20_000))
shapes = array_shapes(7, axes=3, share=0.5)

ADAM = {
    "lr": lrs,
    "beta1": st.sampled_from((0.9, 0.9, 0.5, 0.95, 0.0)) | st.floats(0.0, 0.99),
    "beta2": st.sampled_from((0.999, 0.999, 0.99, 0.9, 0.9999)) | st.floats(0.5, 0.9999),
    "eps": epsilons,
    "weight_decay": decays,
}


def gradients(rng: np.random.Generator, shape: tuple[int, ...], family: str, eps: float) -> np.ndarray:
    """Gradients of one family; ``near_eps`` lies within two decades of eps, where eps decides the update."""
    if family == "near_eps":
        return (eps * rng.standard_normal(shape) * 10.0 ** rng.uniform(-1, 1, shape)).astype("float32")
    return real(rng, shape, family)


def moment_state(rng: np.random.Generator, grad: np.ndarray, step: int) -> dict[str, np.ndarray]:
    """Adam's moments as ``step`` earlier gradients of the same size would have left them; zeros at step 0.

    Where the gradient is zero they are those of a neighbour: what an optimizer remembers goes on without a gradient.
    """
    if step == 0:
        zeros = np.zeros_like(grad)
        return {"step": np.asarray(0), "m": zeros, "v": zeros}
    earlier = remembered(grad)
    m = (earlier * rng.uniform(-1, 1, grad.shape)).astype("float32")
    v = (np.square(earlier, dtype=np.float64) * rng.uniform(0.01, 1, grad.shape)).astype("float32")
    return {"step": np.asarray(step), "m": m, "v": v}


def remembered(grad: np.ndarray) -> np.ndarray:
    """A gradient of the same size: where it is zero, its neighbour's."""
    return np.where(grad == 0, np.roll(grad, 1), grad)


def adam_samples(count: int) -> st.SearchStrategy[list[Sample]]:
    """``count`` gradients in a row on a parameter with a drawn state; three fills of values for each structure."""

    def make(shape: tuple[int, ...], seed: int, hyper: dict[str, float], fills: tuple[tuple[str, int], ...]) -> list:
        rng, samples = generator(seed), []
        for family, step in fills:
            rows = [gradients(rng, shape, family, hyper["eps"]) for _ in range(count)]
            state = moment_state(rng, rows[0], step)
            samples.append(Sample({**_common(rng, shape, rows), "state": state, "hyper": hyper}))
        return samples

    fills = st.tuples(*[st.tuples(st.sampled_from(FAMILIES), steps_taken)] * 3)
    return st.builds(make, shapes, seeds, st.fixed_dictionaries(ADAM), fills)


def _common(rng: np.random.Generator, shape: tuple[int, ...], rows: list[np.ndarray]) -> dict[str, Any]:
    return {"parameter": real(rng, shape), "gradient": np.stack(rows)}


def judged(steps: dict[str, oracle.Bounded]) -> dict[str, Acceptance]:
    """The acceptances of an oracle's step."""
    accepted = {}
    for name, quantity in steps.items():
        if name == "step":
            accepted[name] = accuracy.exact(quantity.value.astype(np.int64), "int64")
        else:
            accepted[name] = Acceptance(quantity.value, quantity.bound(ROUNDING), dtype="float32")
    return accepted


def torch_steps(name, parameter, gradient, state, hyper) -> dict[str, Any]:
    """Steps of a torch optimizer over one parameter; gradient [steps, *shape]; the parameter and its state after."""
    import torch

    from reference_impl.torch_impl.optimizers import load_optimizer_state, make_optimizer

    weight = torch.nn.Parameter(torch.tensor(parameter))
    optimizer = make_optimizer(name, [("weight", weight)], **hyper)
    if state:
        load_optimizer_state(optimizer, [("weight", weight)], {"weight": state})
    return torch_run(optimizer, weight, gradient)


def torch_run(optimizer, weight, gradient) -> dict[str, Any]:
    """Steps of an optimizer over its one parameter; gradient [steps, *shape]; the parameter and its state after."""
    import torch

    from reference_impl.torch_impl.optimizers import optimizer_state

    for row in gradient:
        optimizer.zero_grad()
        (weight * torch.tensor(row)).sum().backward()
        optimizer.step()
    return {"parameter": weight, **optimizer_state(optimizer, [("weight", weight)]).get("weight", {})}


def paddle_steps(name, parameter, gradient, state, hyper) -> dict[str, Any]:
    """Steps of a paddle optimizer over one parameter; gradient [steps, *shape]; the parameter and its state after."""
    import paddle

    from reference_impl.paddle_impl.optimizers import load_optimizer_state, make_optimizer

    weight = paddle.create_parameter(parameter.shape, "float32")
    weight.set_value(parameter)
    optimizer = make_optimizer(name, [("weight", weight)], **hyper)
    if state:
        load_optimizer_state(optimizer, [("weight", weight)], {"weight": state})
    return paddle_run(optimizer, weight, gradient)


def paddle_run(optimizer, weight, gradient) -> dict[str, Any]:
    """Steps of an optimizer over its one parameter; gradient [steps, *shape]; the parameter and its state after."""
    import paddle

    from reference_impl.paddle_impl.optimizers import optimizer_state

    for row in gradient:
        optimizer.clear_grad()
        (weight * paddle.to_tensor(row)).sum().backward()
        optimizer.step()
    after = optimizer_state(optimizer, [("weight", weight)], own_units=True)
    return {"parameter": weight, **after.get("weight", {})}


def adam_oracle(parameter, gradient, state, hyper, **options) -> dict[str, Acceptance]:
    """Adam over the rows of ``gradient``; options go to ``reference_impl.oracle.optimizers.adam``.

    A state with a greatest second moment ``v_max`` is AMSGrad's.
    """
    after: dict[str, Any] = {**state, "parameter": parameter}
    step = int(state["step"])
    for row in gradient:
        most = after.get("v_max")
        after = oracle.adam(after["parameter"], row, after["m"], after["v"], step, v_max=most, **hyper, **options)
        step += 1
    return judged(after)


def float32_betas(parameter, gradient, state, hyper, **options) -> dict[str, Acceptance]:
    """Adam with the betas and their powers in float32, and no step count but those powers.

    A power that no longer changes (float32 has reached zero, or a fixed point) says only "at least so many steps".
    """
    accepted = adam_oracle(parameter, gradient, state, hyper, **FLOAT32_BETAS, **options)
    exponent = int(accepted["step"].value) + 1
    powers = np.multiply.accumulate(np.full(exponent, max(hyper["beta1"], hyper["beta2"]), np.float32))
    visible = int(np.flatnonzero(powers == powers[-1])[0])
    return {**accepted, "step": accuracy.exact(np.asarray(visible), "int64")}


@contract("optim.adam", covers=("optim.Adam",), area="optimizers", samples=adam_samples(1), tensors=False)
class adam:
    """One Adam step from equal state and gradient gives the same parameters, moments and step count."""

    @staticmethod
    def torch(parameter, gradient, state, hyper):
        return torch_steps("adam", parameter, gradient, state, hyper)

    @staticmethod
    def paddle(parameter, gradient, state, hyper):
        return paddle_steps("adam", parameter, gradient, state, hyper)

    @staticmethod
    def oracle(parameter, gradient, state, hyper):
        return adam_oracle(parameter, gradient, state, hyper)

    @staticmethod
    def variant_float32_betas(parameter, gradient, state, hyper):
        return float32_betas(parameter, gradient, state, hyper)


ONE_STEP = find("optim.adam")


@contract(
    "optim.adam_steps", covers=("optim.Adam",), area="optimizers", samples=adam_samples(4), tensors=False, share=0.5
)
class adam_steps:
    """Four Adam steps in a row stay within the rounding that four steps can accumulate."""

    torch = ONE_STEP.call("torch")
    paddle = ONE_STEP.call("paddle")
    oracle = ONE_STEP.oracle
    variant_float32_betas = staticmethod(ONE_STEP.variants["float32_betas"])


@contract("optim.adamw", covers=("optim.AdamW",), area="optimizers", samples=adam_samples(1), tensors=False)
class adamw:
    """One AdamW step decays the parameter itself, and leaves the moments free of the decay."""

    @staticmethod
    def torch(parameter, gradient, state, hyper):
        return torch_steps("adamw", parameter, gradient, state, hyper)

    @staticmethod
    def paddle(parameter, gradient, state, hyper):
        return paddle_steps("adamw", parameter, gradient, state, hyper)

    @staticmethod
    def oracle(parameter, gradient, state, hyper):
        return adam_oracle(parameter, gradient, state, hyper, decoupled=True)

    @staticmethod
    def variant_float32_betas(parameter, gradient, state, hyper):
        return float32_betas(parameter, gradient, state, hyper, decoupled=True)


def sgd_samples(with_momentum: bool) -> st.SearchStrategy[list[Sample]]:
    """Three steps; the first fill is exact: integers, powers of two as learning rate and momentum, no decay."""

    def make(shape: tuple[int, ...], seed: int, hyper: dict[str, Any], families: tuple[str, ...], warm: bool) -> list:
        rng = generator(seed)
        exact = {**hyper, "lr": 2.0**-10, "weight_decay": 0.0} | ({"momentum": 0.5} if with_momentum else {})
        samples = [_sgd_sample(lambda: integers(rng, shape, 64), warm and with_momentum, exact, EXACT)]
        for place, family in enumerate(families):  # a warm velocity without Nesterov, with it, and a fresh one; or not
            fill = lambda family=family: real(rng, shape, family)
            turned = hyper | ({"nesterov": hyper["nesterov"] != (place == 1)} if with_momentum else {})
            samples.append(_sgd_sample(fill, warm != (place == 2) and with_momentum, turned, "real"))
        return samples

    hyper: dict[str, Any] = {"lr": lrs, "weight_decay": decays}
    if with_momentum:
        hyper |= {"momentum": momenta, "nesterov": st.booleans()}
    families = st.tuples(*[st.sampled_from(("normal", "mixed", "sparse", "tiny", "heavy"))] * 3)
    return st.builds(make, shapes, seeds, st.fixed_dictionaries(hyper), families, st.booleans())


def _sgd_sample(fill, warm: bool, hyper: dict[str, Any], regime: str) -> Sample:
    state = {"velocity": fill()} if warm else {}
    return Sample(
        {"parameter": fill(), "gradient": np.stack([fill() for _ in range(3)]), "state": state, "hyper": hyper}, regime
    )


@contract("optim.sgd", covers=("optim.SGD",), area="optimizers", samples=sgd_samples(False), tensors=False)
class sgd:
    """Three SGD steps, with and without weight decay, move the parameters alike."""

    @staticmethod
    def torch(parameter, gradient, state, hyper):
        return torch_steps("sgd", parameter, gradient, state, hyper)

    @staticmethod
    def paddle(parameter, gradient, state, hyper):
        return paddle_steps("sgd", parameter, gradient, state, hyper)

    @staticmethod
    def oracle(parameter, gradient, state, hyper):
        after: dict[str, Any] = {"parameter": parameter}
        for row in gradient:
            after = oracle.sgd(after["parameter"], row, **hyper)
        return judged(after)


@contract("optim.momentum", covers=("optim.Momentum",), area="optimizers", samples=sgd_samples(True), tensors=False)
class momentum:
    """Three steps with momentum, Nesterov's included, from a fresh or warm velocity, agree in both quantities."""

    @staticmethod
    def torch(parameter, gradient, state, hyper):
        return torch_steps("momentum", parameter, gradient, state, hyper)

    @staticmethod
    def paddle(parameter, gradient, state, hyper):
        return paddle_steps("momentum", parameter, gradient, state, hyper)

    @staticmethod
    def oracle(parameter, gradient, state, hyper):
        after: dict[str, Any] = {"parameter": parameter, "velocity": state.get("velocity", np.zeros_like(parameter))}
        for row in gradient:
            after = oracle.momentum(after["parameter"], row, after["velocity"], **hyper)
        return judged(after)


def rmsprop_samples() -> st.SearchStrategy[list[Sample]]:
    """One step from a fresh and from a warm state, centered and not, with momentum and without: each of the eight."""

    def make(shape: tuple[int, ...], seed: int, hyper: dict[str, Any], families: tuple[str, ...]) -> list:
        rng, samples = generator(seed), []
        ways = itertools.product((False, True), (False, True), (0.0, 0.9))
        for place, (warm, centered, momentum) in enumerate(ways):
            kind = {**hyper, "centered": centered, "momentum": momentum}
            grad = gradients(rng, shape, families[place], hyper["eps"])
            inputs = _common(rng, shape, [grad])
            samples.append(Sample({**inputs, "state": _rmsprop_state(rng, grad, kind, warm), "hyper": kind}))
        return samples

    hyper = {
        "lr": lrs,
        "alpha": st.sampled_from((0.99, 0.9, 0.95)) | st.floats(0.5, 0.999),
        "eps": epsilons,
        "weight_decay": decays,
    }
    families = st.tuples(*[st.sampled_from(FAMILIES)] * 8)
    return st.builds(make, shapes, seeds, st.fixed_dictionaries(hyper), families)


def _rmsprop_state(rng: np.random.Generator, grad: np.ndarray, hyper: dict[str, Any], warm: bool) -> dict[str, Any]:
    if not warm:
        return {}
    earlier = remembered(grad)
    square = np.square(earlier, dtype=np.float64)
    state = {"square_average": (square * rng.uniform(0.5, 2, grad.shape)).astype("float32")}
    if hyper["centered"]:
        state["gradient_average"] = (earlier * rng.uniform(-0.5, 0.5, grad.shape)).astype("float32")
    if hyper["momentum"]:
        state["momentum_buffer"] = real(rng, grad.shape)
    return state


def rmsprop_oracle(parameter, gradient, state, hyper, **options) -> dict[str, Acceptance]:
    """RMSprop over the rows of ``gradient``; options go to ``reference_impl.oracle.optimizers.rmsprop``."""
    hyper = {**hyper}
    slots = ["square_average"]
    slots += ["momentum_buffer"] * bool(hyper["momentum"]) + ["gradient_average"] * hyper.pop("centered")
    after: dict[str, Any] = {
        "parameter": parameter,
        **{slot: state.get(slot, np.zeros_like(parameter)) for slot in slots},
    }
    for row in gradient:
        momentum_buffer, average = after.get("momentum_buffer"), after.get("gradient_average")
        squares = after["square_average"]
        after = oracle.rmsprop(after["parameter"], row, squares, momentum_buffer, average, **hyper, **options)
    return judged(after)


@contract(
    "optim.rmsprop", covers=("optim.RMSprop",), area="optimizers", samples=rmsprop_samples(), tensors=False, share=0.4
)
class rmsprop:
    """One RMSprop step, centered or not, with momentum or not, agrees in parameter and averages."""

    @staticmethod
    def torch(parameter, gradient, state, hyper):
        return torch_steps("rmsprop", parameter, gradient, state, hyper)

    @staticmethod
    def paddle(parameter, gradient, state, hyper):
        return paddle_steps("rmsprop", parameter, gradient, state, hyper)

    @staticmethod
    def oracle(parameter, gradient, state, hyper):
        return rmsprop_oracle(parameter, gradient, state, hyper)

    @staticmethod
    def variant_eps_inside(parameter, gradient, state, hyper):
        """eps stands under the square root, alpha is float32, and the momentum buffer contains the learning rate."""
        lr, state = hyper["lr"], {**state}
        if "momentum_buffer" in state:
            state["momentum_buffer"] = (state["momentum_buffer"].astype(np.float64) * lr).astype("float32")
        options = {"eps_inside": True, "lr_in_buffer": True, "alpha_dtype": np.float32}
        accepted = rmsprop_oracle(parameter, gradient, state, hyper, **options)
        if "momentum_buffer" in accepted:
            accepted["update_buffer"] = accepted.pop("momentum_buffer")
        return accepted
