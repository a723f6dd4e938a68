"""L1 and L2 regularization in each of the forms that users write, by one whole optimizer step.

Paddle takes a regularizer for all parameters (``weight_decay=L1Decay(c)``, ``L2Decay(c)`` or a number) or for one
(``ParamAttr(regularizer=...)``, which replaces the other); torch has ``weight_decay`` alone, and a hook adds L1. In
both, a penalty may be added to the loss instead. All of these add the same term to the gradient before the optimizer
looks at it: ``c * sign(w)`` with ``sign(0) = 0``, or ``c * w``. A step from a warm state shows it in the moments too,
where a decay that comes too late, or past the moments, cannot hide.

Betas and alpha are short binary fractions, and eps is 0 in RMSprop, so that the arithmetic in which the frameworks
are known to differ (float32 betas, eps under the root) is one and the same here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Sample, contract
from conformance.strategies import generator, integers, real, seeds
from reference_impl.oracle import optimizers as oracle
from suites.test_optimizers import epsilons, judged, momenta

ARGUMENTS = {"l1": "l1_decay", "l2": "weight_decay"}
"""The argument of ``make_optimizer`` and of the oracle for each kind of decay."""

coefficients = st.sampled_from((1e-4, 1e-4, 1e-3, 1e-2, 0.3, 1.0)) | st.floats(1e-5, 2.0)
rates = st.sampled_from((1e-3, 1e-2, 0.1, 1.0)) | st.floats(1e-3, 1.0)
kinds = st.sampled_from(("l1", "l2"))
decays = st.fixed_dictionaries({"kind": kinds, "coefficient": coefficients})

HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": rates},
    "momentum": {"lr": rates, "momentum": momenta, "nesterov": st.booleans()},
    "adam": {
        "lr": rates,
        "beta1": st.sampled_from((0.5, 0.75, 0.875)),
        "beta2": st.sampled_from((0.75, 0.9375, 0.96875)),
        "eps": epsilons,
    },
    "rmsprop": {"lr": rates, "alpha": st.sampled_from((0.5, 0.75, 0.9375)), "eps": st.just(0.0)},
}

OTHER = {"l1": "l2", "l2": "l1"}
SHARE = 0.25
"""An example has fourteen samples: three under each optimizer, and an exact one under the linear ones."""


def samples(**drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Sample]]:
    """Fills of a layer's weight and bias under every optimizer, by turns of either kind of decay, warm and fresh.

    ``drawn`` are further inputs; the exact fills take powers of two in place of their coefficients.
    """

    def make(size: tuple[int, int], seed: int, **rest: Any) -> list[Sample]:
        return _fills(generator(seed), shapes={"weight": size, "bias": size[1:]}, **rest)

    families = st.tuples(*[st.sampled_from(("normal", "mixed", "sparse", "sparse", "tiny", "heavy"))] * 3)
    side = st.integers(1, 5)
    sizes = st.tuples(side, side) | side.map(lambda n: (n, n))
    each = [
        st.builds(
            make,
            sizes,
            seeds,
            name=st.just(name),
            hyper=st.fixed_dictionaries(hyper),
            families=families,
            warm=st.booleans(),
            rest=st.fixed_dictionaries(drawn),
        )
        for name, hyper in HYPERPARAMETERS.items()
    ]
    return st.tuples(*each).map(lambda parts: [sample for part in parts for sample in part])


def _fills(
    rng: np.random.Generator,
    name: str,
    hyper: dict[str, Any],
    shapes: dict[str, tuple[int, ...]],
    families: tuple[str, ...],
    warm: bool,
    rest: dict[str, Any],
) -> list[Sample]:
    """A fill for each family, under one optimizer; an exact one first where the step is linear."""
    result = []
    if name in ("sgd", "momentum"):
        layer = {
            part: _part(rng, name, warm, *(integers(rng, shape, 8) for _ in range(3))) for part, shape in shapes.items()
        }
        whole = hyper | {"lr": 0.25} | ({"momentum": 0.5} if name == "momentum" else {})
        short = {key: _short(rng, value) for key, value in rest.items()}
        result.append(Sample({"name": name, "hyper": whole, "layer": layer, **short}, EXACT))
    for place, family in enumerate(families):
        layer, other = {}, bool(place % 2)
        for part, shape in shapes.items():
            value, gradient = real(rng, shape, "sparse"), real(rng, shape, family)
            layer[part] = _part(rng, name, warm != other, value, gradient, real(rng, shape))
        turned = {key: _of_other_kind(value) if other else value for key, value in rest.items()}
        result.append(Sample({"name": name, "hyper": hyper, "layer": layer, **turned}))
    return result


def _of_other_kind(decay: dict[str, Any] | None) -> dict[str, Any] | None:
    """A decay of the other kind with the same coefficient."""
    return decay and {**decay, "kind": OTHER[decay["kind"]]}


def _part(
    rng: np.random.Generator, name: str, warm: bool, value: np.ndarray, gradient: np.ndarray, other: np.ndarray
) -> dict[str, Any]:
    """A parameter, its gradient and its state, which is made of ``other``; RMSprop's is warm, for its eps is 0."""
    square = np.asarray(rng.uniform(0.01, 1.0, value.shape), np.float32)
    state: dict[str, np.ndarray] = {}
    if name == "momentum" and warm:
        state = {"velocity": other}
    elif name == "adam" and warm:
        state = {"step": np.asarray(rng.integers(1, 3)), "m": other, "v": square}
    elif name == "rmsprop":
        state = {"square_average": square}
    return {"value": value, "gradient": gradient, "state": state}


def _short(rng: np.random.Generator, value: Any) -> Any:
    """A decay with a power of two as its coefficient; zero stays zero. Other values as they are."""
    if not isinstance(value, dict) or not value["coefficient"]:
        return value
    return {**value, "coefficient": 2.0 ** int(rng.integers(-4, 2))}


def argument(decay: dict[str, Any] | None) -> dict[str, float]:
    """The argument of ``make_optimizer`` for a decay."""
    return {ARGUMENTS[decay["kind"]]: decay["coefficient"]} if decay else {}


def torch_step(name, hyper, layer, decay=None, penalty=None) -> dict[str, Any]:
    """One step over the tensors of ``layer``: all of them and their state after it; ``penalty`` joins the loss."""
    import torch

    from reference_impl.torch_impl import losses
    from reference_impl.torch_impl.optimizers import load_optimizer_state, make_optimizer, optimizer_state

    named = [(part, torch.nn.Parameter(torch.tensor(given["value"]))) for part, given in layer.items()]
    optimizer = make_optimizer(name, named, **hyper, **argument(decay))
    load_optimizer_state(optimizer, named, {part: given["state"] for part, given in layer.items() if given["state"]})
    loss = sum((tensor * torch.tensor(layer[part]["gradient"])).sum() for part, tensor in named)
    if penalty:
        add = {"l1": losses.l1_penalty, "l2": losses.l2_penalty}[penalty["kind"]]
        loss = loss + add([tensor for _, tensor in named], penalty["coefficient"])
    loss.backward()
    optimizer.step()
    return flat(dict(named), optimizer_state(optimizer, named))


def paddle_step(name, hyper, layer, decay=None, penalty=None, own=None) -> dict[str, Any]:
    """As :func:`torch_step`, over a linear layer; ``own`` is the weight's regularizer."""
    import paddle

    from reference_impl.paddle_impl import losses
    from reference_impl.paddle_impl.optimizers import load_optimizer_state, make_optimizer, optimizer_state

    regularizers = {"l1": paddle.regularizer.L1Decay, "l2": paddle.regularizer.L2Decay}
    attribute = paddle.ParamAttr(regularizer=regularizers[own["kind"]](own["coefficient"])) if own else None
    linear = paddle.nn.Linear(*layer["weight"]["value"].shape, weight_attr=attribute)
    named = [(part, getattr(linear, part)) for part in layer]
    for part, tensor in named:
        tensor.set_value(layer[part]["value"])
    given = argument(decay)
    if decay and decay["kind"] == "l2" and decay.get("regularizer", True):
        given = {"weight_decay": regularizers["l2"](decay["coefficient"])}
    optimizer = make_optimizer(name, named, **hyper, **given)
    load_optimizer_state(optimizer, named, {part: given["state"] for part, given in layer.items() if given["state"]})
    loss = sum((tensor * paddle.to_tensor(layer[part]["gradient"])).sum() for part, tensor in named)
    if penalty:
        add = {"l1": losses.l1_penalty, "l2": losses.l2_penalty}[penalty["kind"]]
        loss = loss + add([tensor for _, tensor in named], penalty["coefficient"])
    loss.backward()
    optimizer.step()
    return flat(dict(named), optimizer_state(optimizer, named))


def flat(values: dict[str, Any], states: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """``{"weight.value": ..., "weight.m": ..., ...}``."""
    result = {f"{part}.value": value for part, value in values.items()}
    return result | {f"{part}.{slot}": array for part, slots in states.items() for slot, array in slots.items()}


def stepped(name, hyper, layer, decay) -> dict[str, Acceptance]:
    """The oracle of one step, with the decay in the optimizer's gradient."""
    accepted: dict[str, Acceptance] = {}
    for part, given in layer.items():
        value, gradient, state = given["value"], given["gradient"], given["state"]
        zeros = np.zeros_like(value)
        states: dict[str, tuple[Any, ...]] = {
            "sgd": (),
            "momentum": (state.get("velocity", zeros),),
            "adam": (state.get("m", zeros), state.get("v", zeros), int(state.get("step", 0))),
            "rmsprop": (state.get("square_average"),),
        }
        after = judged(oracle.OPTIMIZERS[name](value, gradient, *states[name], **hyper, **argument(decay)))
        accepted |= {f"{part}.value": after.pop("parameter")}
        accepted |= {f"{part}.{slot}": acceptance for slot, acceptance in after.items()}
    return accepted


@contract(
    "optim.decay",
    covers=(
        "optim.SGD",
        "optim.Momentum",
        "optim.Adam",
        "optim.RMSprop",
    ),
    area="optimizers",
    samples=samples(
        decay=st.fixed_dictionaries({"kind": kinds, "coefficient": coefficients, "regularizer": st.booleans()})
    ),
    tensors=False,
    share=SHARE,
)
class decay:
    """A regularizer given to the optimizer adds c * sign(w), or c * w, to every gradient before the step."""

    @staticmethod
    def torch(name, hyper, layer, decay):
        return torch_step(name, hyper, layer, decay)

    @staticmethod
    def paddle(name, hyper, layer, decay):
        return paddle_step(name, hyper, layer, decay)

    @staticmethod
    def oracle(name, hyper, layer, decay):
        return stepped(name, hyper, layer, decay)


@contract(
    "optim.decay_as_penalty",
    covers=(
        "optim.SGD",
        "optim.Momentum",
        "optim.Adam",
        "optim.RMSprop",
    ),
    area="optimizers",
    samples=samples(penalty=decays),
    tensors=False,
    share=SHARE,
)
class decay_as_penalty:
    """A penalty in the loss, c * sum |w| or c / 2 * sum w^2, makes the very step that the decay makes."""

    @staticmethod
    def torch(name, hyper, layer, penalty):
        return torch_step(name, hyper, layer, penalty=penalty)

    @staticmethod
    def paddle(name, hyper, layer, penalty):
        return paddle_step(name, hyper, layer, penalty=penalty)

    @staticmethod
    def oracle(name, hyper, layer, penalty):
        return stepped(name, hyper, layer, penalty)


OWN = st.fixed_dictionaries({"kind": kinds, "coefficient": st.just(0.0) | coefficients})


@contract(
    "optim.decay_by_parameter",
    covers=(
        "optim.SGD",
        "optim.Momentum",
        "optim.Adam",
        "optim.RMSprop",
    ),
    area="optimizers",
    samples=samples(own=OWN, decay=decays | st.none()),
    tensors=False,
    share=SHARE,
)
class decay_by_parameter:
    """A parameter's own regularizer, one of coefficient 0 too, replaces the optimizer's, which the others keep."""

    @staticmethod
    def torch(name, hyper, layer, own, decay):
        weight = torch_step(name, hyper, {"weight": layer["weight"]}, own)
        return weight | torch_step(name, hyper, {"bias": layer["bias"]}, decay)

    @staticmethod
    def paddle(name, hyper, layer, own, decay):
        return paddle_step(name, hyper, layer, decay, own=own)

    @staticmethod
    def oracle(name, hyper, layer, own, decay):
        weight = stepped(name, hyper, {"weight": layer["weight"]}, own)
        return weight | stepped(name, hyper, {"bias": layer["bias"]}, decay)
