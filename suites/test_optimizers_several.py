"""One step of an optimizer over several parameters at once, by each of the ways in which torch goes over them.

``foreach`` handles lists of tensors with one call, ``fused`` does the whole step in one kernel (RMSprop has none);
the plain loop is the default on the CPU. Each is another program with other roundings, and must be the same optimizer.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.contract import find
from conformance.strategies import generator, real, seeds
from suites.test_optimizers import ADAM, FAMILIES, epsilons, gradients, lrs, moment_state, momenta, shapes

PLAIN = {"lr": lrs, "weight_decay": st.sampled_from((0.0, 1e-2, 0.3))}
HYPER: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "sgd": PLAIN,
    "momentum": {**PLAIN, "momentum": momenta, "nesterov": st.booleans()},
    "adam": {**ADAM, **PLAIN},
    "adamw": {**ADAM, **PLAIN},
    "rmsprop": {
        **PLAIN,
        "alpha": st.sampled_from((0.99, 0.9)),
        "eps": epsilons,
        "momentum": st.sampled_from((0.0, 0.9)),
        "centered": st.booleans(),
    },
}
WAYS = [way for way in product(HYPER, ("default", "foreach", "fused")) if way != ("rmsprop", "fused")]
IDLE = "idle"
"""The parameter that gets no gradient."""


@st.composite
def steps(draw: st.DrawFn) -> list[Sample]:
    """Four parameters, two of them of one shape, with gradients of different families; and an idle one.

    Every optimizer steps over them, in every implementation that it has, by hyperparameters of its own.
    """
    rng = generator(draw(seeds))
    sizes = draw(st.tuples(shapes, shapes, shapes))
    parameters = {f"weight{place}": real(rng, shape) for place, shape in enumerate([*sizes, sizes[0]])}
    families = {key: draw(st.sampled_from(FAMILIES)) for key in parameters}
    idle = real(rng, draw(shapes))
    samples = []
    for name, way in WAYS:
        hyper, step = draw(st.fixed_dictionaries(HYPER[name])), draw(st.sampled_from((0, 1, 2, 10, 1000)))
        rows, state = {}, {}
        for key, family in families.items():
            rows[key] = gradients(rng, parameters[key].shape, family, hyper.get("eps", 1e-8))
            state[key] = moment_state(rng, rows[key], step) if name in ("adam", "adamw") else {}
        inputs = {"parameters": {**parameters, IDLE: idle}, "gradients": rows, "state": state, "hyper": hyper}
        samples.append(Sample({"name": name, "implementation": way, **inputs}))
    return samples


def each(names: dict[str, str], name, parameters, gradients, state, hyper) -> dict[str, Acceptance]:
    """What the optimizer's own contract accepts for every parameter; ``names``: its variant, by optimizer."""
    law = find(f"optim.{name}")
    oracle = law.variants[names[name]] if name in names else law.oracle
    accepted = {}
    for key, parameter in parameters.items():
        if key == IDLE:
            accepted[f"{key}.parameter"] = accuracy.exact(parameter, "float32")
            continue
        found = oracle(parameter=parameter, gradient=gradients[key][None], state=state[key], hyper=hyper)
        accepted.update({f"{key}.{slot}": value for slot, value in found.items()})
    return accepted


@contract(
    "optim.several",
    covers=("optim.SGD", "optim.Momentum", "optim.Adam", "optim.AdamW", "optim.RMSprop"),
    area="optimizers",
    samples=steps(),
    tensors=False,
    share=0.25,
)
class several:
    """A step over several parameters is a step of each, in every implementation; one without a gradient stays."""

    @staticmethod
    def torch(name, implementation, parameters, gradients, state, hyper):
        import torch

        from reference_impl.torch_impl.optimizers import load_optimizer_state, make_optimizer, optimizer_state

        named = [(key, torch.nn.Parameter(torch.tensor(value))) for key, value in parameters.items()]
        optimizer = make_optimizer(name, named, **hyper)
        if implementation != "default":
            optimizer.param_groups[0][implementation] = True
        load_optimizer_state(optimizer, named, {key: arrays for key, arrays in state.items() if arrays})
        for key, parameter in named:
            if key in gradients:
                parameter.grad = torch.tensor(gradients[key])
        optimizer.step()
        result = {f"{key}.parameter": parameter for key, parameter in named}
        for key, arrays in optimizer_state(optimizer, named).items():
            result.update({f"{key}.{slot}": array for slot, array in arrays.items()})
        return result

    @staticmethod
    def paddle(name, implementation, parameters, gradients, state, hyper):
        import paddle

        from reference_impl.paddle_impl.optimizers import load_optimizer_state, make_optimizer, optimizer_state

        named = [(key, paddle.create_parameter(value.shape, "float32")) for key, value in parameters.items()]
        for key, parameter in named:
            parameter.set_value(parameters[key])
        optimizer = make_optimizer(name, named, **hyper)
        load_optimizer_state(optimizer, named, {key: arrays for key, arrays in state.items() if arrays})
        for key, parameter in named:
            if key in gradients:
                (parameter * paddle.to_tensor(gradients[key])).sum().backward()
        optimizer.step()
        result = {f"{key}.parameter": parameter for key, parameter in named}
        for key, arrays in optimizer_state(optimizer, named, own_units=True).items():
            if key in gradients:
                result.update({f"{key}.{slot}": array for slot, array in arrays.items()})
        return result

    @staticmethod
    def oracle(name, implementation, parameters, gradients, state, hyper) -> dict[str, Acceptance]:
        return each({}, name, parameters, gradients, state, hyper)

    @staticmethod
    def variant_own_arithmetic(name, implementation, parameters, gradients, state, hyper) -> dict[str, Acceptance]:
        """Adam's betas are float32; RMSprop has eps under the root."""
        names = {"adam": "float32_betas", "adamw": "float32_betas", "rmsprop": "eps_inside"}
        return each(names, name, parameters, gradients, state, hyper)
