"""several-own-arithmetic: paddle >=2.6.2, <3.4 against optim.several

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: A step over several parameters is a step of each, in every implementation; one without a gradient
stays.
Instead: As adam-float32-betas and rmsprop-eps-inside, for each of several parameters.
Upstream: https://github.com/PaddlePaddle/Paddle/issues/58378 (of the powers of beta; closed as not a bug).

Expected: the values of a reference computed in NumPy float64, within the error allowed.
Needs numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0 on
agreement.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
import numpy as np
import paddle


class OptimizerStateError(ValueError):
    """Optimizer state that does not belong to these parameters or this optimizer; the message names which."""


def slots(kind, momentum=0.0, centered=False):
    """The names of the arrays that an optimizer of ``kind`` keeps for each parameter."""
    if kind in ("adam", "adamw"):
        return ("step", "m", "v")
    if kind == "momentum":
        return ("velocity",)
    if kind == "rmsprop":
        extra = ("momentum_buffer",) * (momentum != 0) + ("gradient_average",) * centered
        return ("square_average", *extra)
    return ()


def check(
    state,
    shapes,
    kind,
    expected,
):
    """Raises OptimizerStateError unless ``state`` fits parameters of ``shapes`` and an optimizer with these slots."""
    for name, arrays in state.items():
        if name not in shapes:
            raise OptimizerStateError(f"optimizer state is given for {name!r}, which is no trainable parameter here")
        found = {"momentum_buffer" if slot == "update_buffer" else slot for slot in arrays}
        if found != set(expected):
            raise OptimizerStateError(
                f"optimizer state of {name!r} holds {_words(found)}, but a {kind} optimizer with these hyperparameters "
                f"needs {_words(expected)}: build the optimizer that the state came from"
            )
        for slot, array in arrays.items():
            shape = () if slot == "step" else shapes[name]
            if np.shape(array) != shape:
                raise OptimizerStateError(
                    f"optimizer state {slot!r} of {name!r} has shape {np.shape(array)}, the parameter needs {shape}"
                )


def momentum_buffer(arrays, lr):
    """RMSProp's momentum in torch's meaning, from either meaning, so that the next update at ``lr`` is the same."""
    if "momentum_buffer" in arrays:
        return arrays["momentum_buffer"]
    buffer = np.asarray(arrays["update_buffer"], np.float64)
    if lr == 0 and buffer.any():
        raise OptimizerStateError(
            "paddle's RMSProp momentum holds the learning rate and has no counterpart in torch at learning rate 0: "
            "move it while the schedule is above 0"
        )
    # float64, so that multiplying by the learning rate again restores the float32 value to the bit.
    return buffer / (lr or 1.0)


def update_buffer(arrays, lr):
    """RMSProp's momentum in paddle's meaning, from either meaning, so that the next update at ``lr`` is the same."""
    if "update_buffer" in arrays:
        return arrays["update_buffer"]
    return np.asarray(arrays["momentum_buffer"], np.float64) * lr


def _words(names):
    return ", ".join(sorted(names)) or "nothing"


_NAMES = {
    "m": "moment1",
    "v": "moment2",
    "velocity": "velocity",
    "square_average": "mean_square",
    "momentum_buffer": "momentum",
    "gradient_average": "mean_grad",
}


_POWERS = ("beta1_pow_acc", "beta2_pow_acc")


_KEY = re.compile(rf"(.+)_({'|'.join((*_NAMES.values(), *_POWERS))})_\d+")


def learning_rate(optimizer):
    """The learning rate that the next step will use."""
    return float(optimizer.get_lr())


def optimizer_state(
    optimizer, named_parameters, own_units=False
):
    """The portable state (see :mod:`conformance.transfer.slots`) of every parameter updated so far.

    ``own_units`` leaves RMSProp's momentum as paddle keeps it, under the name ``update_buffer``.
    """
    expected = _slots(optimizer)
    kept = _accumulators(optimizer)
    state = {}
    for name, parameter in named_parameters:
        tensors = kept.get(parameter.name)
        if not tensors or not expected:
            continue
        arrays = {slot: np.array(tensors[_NAMES[slot]].numpy()) for slot in expected if slot != "step"}
        if "step" in expected:
            arrays = {"step": np.asarray(_steps_taken(optimizer, tensors), np.int64), **arrays}
        if "momentum_buffer" in arrays:
            buffer = {"update_buffer": arrays.pop("momentum_buffer")}
            lr = learning_rate(optimizer)
            arrays |= buffer if own_units else {"momentum_buffer": momentum_buffer(buffer, lr)}
        state[name] = arrays
    return state


def load_optimizer_state(
    optimizer,
    named_parameters,
    state,
):
    """Replaces what ``optimizer`` remembers by ``state``; a parameter without an entry starts anew.

    Raises OptimizerStateError, having changed nothing, where ``state`` does not fit.
    """
    parameters = {name: parameter for name, parameter in named_parameters if not parameter.stop_gradient}
    shapes = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    expected = _slots(optimizer)
    check(state, shapes, _kind(optimizer), expected)
    # set_state_dict would need the very keys that this optimizer is going to generate. So let it create its tensors
    # now, as its first step would, and fill them.
    _create_accumulators(optimizer, [parameters[name] for name in state])
    kept = _accumulators(optimizer)
    given = {parameters[name].name: arrays for name, arrays in state.items()}
    for parameter_name, tensors in kept.items():
        arrays = given.get(parameter_name) or _fresh(expected, tensors)
        for slot in expected:
            if slot == "step":
                _set_powers(optimizer, tensors, int(arrays["step"]))
            else:
                lr = learning_rate(optimizer)
                value = update_buffer(arrays, lr) if slot == "momentum_buffer" else arrays[slot]
                tensor = tensors[_NAMES[slot]]
                tensor.set_value(np.asarray(value, _dtype(tensor)))


def _create_accumulators(optimizer, parameters):
    """Lets the optimizer create the tensors of its state, filled as before its first step."""
    if optimizer.helper is None:  # paddle 2 makes the tensors through this helper, which its first step would set
        optimizer.helper = paddle.base.layer_helper.LayerHelper(type(optimizer).__name__)
    optimizer._create_accumulators(paddle.static.default_main_program().global_block(), parameters)


def beta_powers(beta, count, dtype=np.float32):
    """beta**1 ... beta**count as paddle computes them: one rounded multiplication for each step."""
    return np.multiply.accumulate(np.full(count, beta, dtype))


def _accumulators(optimizer):
    """The optimizer's own tensors by parameter name and accumulator name."""
    found = {}
    for key, tensor in optimizer.state_dict().items():
        match = _KEY.fullmatch(key)
        if match:
            found.setdefault(match[1], {})[match[2]] = tensor
    return found


def _fresh(expected, tensors):
    return {slot: np.zeros([] if slot == "step" else tensors[_NAMES[slot]].shape) for slot in expected}


def _set_powers(optimizer, tensors, step):
    for power, beta in zip(_POWERS, (optimizer._beta1, optimizer._beta2), strict=True):
        dtype = _dtype(tensors[power])
        tensors[power].set_value(beta_powers(beta, step + 1, dtype)[-1:])


def _steps_taken(optimizer, tensors):
    """The step count that paddle does not keep, from beta**(step + 1) of the beta that says most about it."""
    beta, power = max(zip((optimizer._beta1, optimizer._beta2), _POWERS, strict=True))
    return _exponent(float(beta), tensors[power].numpy().item(), str(_dtype(tensors[power]))) - 1


@lru_cache
def _exponent(beta, power, dtype):
    """The least n with beta**n == ``power`` in paddle's arithmetic.

    A power that has reached its smallest value says "at least n": any larger count gives the same updates.
    """
    count = 1024
    while True:
        powers = beta_powers(beta, count, dtype)
        hits = np.flatnonzero(powers == power)
        if hits.size:
            return int(hits[0]) + 1
        if powers[-1] < power or powers[-1] == powers[-2]:
            raise OptimizerStateError(
                f"an optimizer that keeps {power} as a power of beta {beta} has not counted its steps with that beta"
            )
        count *= 4


def _dtype(tensor):
    return np.dtype(str(tensor.dtype).removeprefix("paddle."))


def _kind(optimizer):
    kinds = {"SGD": "sgd", "Momentum": "momentum", "Adam": "adam", "AdamW": "adamw", "RMSProp": "rmsprop"}
    name = type(optimizer).__name__
    if name not in kinds:
        raise OptimizerStateError(f"the state of a paddle {name} has no portable form here")
    return kinds[name]


def _slots(optimizer):
    kind = _kind(optimizer)
    centered = kind == "rmsprop" and optimizer._centered
    return slots(kind, getattr(optimizer, "_momentum", 0.0), centered)


REQUIRED = object()


OPTIMIZERS = {
    "sgd": {},
    "momentum": {"momentum": 0.9, "nesterov": False},
    "adam": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "adamw": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "rmsprop": {"alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": False},
}


def resolve(kind, table, name, given):
    """The hyperparameters of ``name``: ``given`` over the defaults in ``table``.

    Raises ValueError for a name or a hyperparameter that ``table`` does not have, and for a missing required one.
    ``kind`` ("optimizer", "schedule") only words the message.
    """
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}: choose one of {', '.join(table)}")
    defaults = table[name]
    for key in given:
        if key not in defaults:
            known = ", ".join(defaults) or "none"
            raise ValueError(f"{kind} {name!r} has no hyperparameter {key!r}: it has {known}")
    values = {**defaults, **given}
    for key, value in values.items():
        if value is REQUIRED:
            raise ValueError(f"{kind} {name!r} needs a value for {key!r}")
    return values


def make_optimizer(
    name,
    named_parameters,
    lr,
    weight_decay=0.0,
    l1_decay=0.0,
    **hyperparameters,
):
    """One of sgd, momentum, adam, adamw, rmsprop over the trainable parameters.

    ``weight_decay`` adds ``weight_decay * w`` to the gradient (adamw: shrinks w by ``lr * weight_decay`` instead); it
    may be a float or ``paddle.regularizer.L2Decay``, the form that paddle documents. ``l1_decay`` adds
    ``l1_decay * sign(w)`` by ``paddle.regularizer.L1Decay``. ``lr`` may be one of paddle's schedulers.
    Other hyperparameters and their defaults: :data:`reference_impl.hyperparameters.OPTIMIZERS`. Raises ValueError for
    unknown names and for combinations that one of the frameworks lacks.

    RMSProp takes eps inside the square root, g / sqrt(v + eps), where torch has g / (sqrt(v) + eps).
    """
    values = resolve("optimizer", OPTIMIZERS, name, hyperparameters)
    if l1_decay and (weight_decay or name == "adamw"):
        raise ValueError("l1_decay cannot be combined with weight_decay or adamw: paddle takes one regularizer")
    parameters = [parameter for _, parameter in named_parameters if not parameter.stop_gradient]
    renamed = {"eps": "epsilon", "alpha": "rho", "nesterov": "use_nesterov"}
    values = {renamed.get(key, key): value for key, value in values.items()}
    classes = {
        "sgd": paddle.optimizer.SGD,
        "momentum": paddle.optimizer.Momentum,
        "adam": paddle.optimizer.Adam,
        "adamw": paddle.optimizer.AdamW,
        "rmsprop": paddle.optimizer.RMSProp,
    }
    decay = paddle.regularizer.L1Decay(l1_decay) if l1_decay else weight_decay
    return classes[name](
        learning_rate=float(lr) if isinstance(lr, int) else lr,
        parameters=parameters,
        weight_decay=decay if decay or name == "adamw" else None,
        **values,
    )


def call(name, implementation, parameters, gradients, state, hyper):
    import paddle

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


INPUTS = {
    'name': 'adam',
    'implementation': 'default',
    'hyper': {'lr': 0.001, 'beta1': 0.9, 'beta2': 0.999, 'eps': 1e-08, 'weight_decay': 0.0},
    'parameters': {
        'weight0': np.array([0.5], 'float32'),
        'weight1': np.array([0.25], 'float32'),
        'idle': np.array([0.75], 'float32'),
    },
    'gradients': {'weight0': np.array([0.125], 'float32'), 'weight1': np.array([-0.5], 'float32')},
    'state': {
        'weight0': {
            'step': np.array(0, 'int64'),
            'm': np.array([0.0], 'float32'),
            'v': np.array([0.0], 'float32'),
        },
        'weight1': {
            'step': np.array(0, 'int64'),
            'm': np.array([0.0], 'float32'),
            'v': np.array([0.0], 'float32'),
        },
    },
}


COTANGENT = None


# Value, allowed absolute error and dtype by quantity.
EXPECTED = {
    'weight0.parameter': (np.array([0.4990000001], 'float64'), 4.6e-08, 'float32'),
    'weight0.m': (np.array([0.0125], 'float64'), 3.4e-09, 'float32'),
    'weight0.v': (np.array([1.5625e-05], 'float64'), 5.6e-12, 'float32'),
    'weight0.step': (np.array(1, 'int64'), 0.0, 'int64'),
    'weight1.parameter': (np.array([0.251], 'float64'), 2.4e-08, 'float32'),
    'weight1.m': (np.array([-0.05], 'float64'), 1.4e-08, 'float32'),
    'weight1.v': (np.array([0.00025], 'float64'), 9e-11, 'float32'),
    'weight1.step': (np.array(1, 'int64'), 0.0, 'int64'),
    'idle.parameter': (np.array([0.75], 'float64'), 0.0, 'float32'),
}


def flatten(result, name="output"):
    """Name the parts of a call's result: a dictionary by its keys, a sequence by position, anything else 'output'.

    Parts of parts have dotted names, at any depth.
    """
    if isinstance(result, dict):
        return {k: v for key, value in result.items() for k, v in _parts(str(key), value)}
    if isinstance(result, list | tuple):
        return {k: v for place, value in enumerate(result) for k, v in _parts(f"{name}.{place}", value)}
    return {name: result}


def _parts(name, value):
    inner = flatten(value, name)
    return [(f"{name}.{key}", part) for key, part in inner.items()] if isinstance(value, dict) else list(inner.items())


def observe_paddle(
    call,
    inputs,
    tensors,
    gradients,
    cotangent,
    device,
    tf32,
):
    """Every quantity of the call as (array, dtype by name), on one thread, TF32 as asked."""
    import paddle

    paddle.set_device(device)
    paddle.base.core.set_num_threads(1)
    if device != "cpu":
        paddle.set_flags({"FLAGS_allow_tf32_cublas": tf32, "FLAGS_allow_tf32_cudnn": tf32})
    paddle.seed(0)
    given = dict(inputs)
    for name, value in inputs.items():
        if tensors and isinstance(value, np.ndarray):
            given[name] = paddle.to_tensor(value, stop_gradient=name not in gradients)
    results = flatten(call(**given))
    leaves = {name: given[name] for name in gradients if isinstance(given.get(name), paddle.Tensor)}
    if leaves:
        upstream = [paddle.to_tensor(cotangent)]
        found = paddle.grad([results["output"]], list(leaves.values()), upstream, allow_unused=True)
        results.update({f"gradient.{name}": value for name, value in zip(leaves, found, strict=True)})
    observed = {}
    for name, value in results.items():
        if isinstance(value, paddle.Tensor):
            dtype = str(value.dtype).removeprefix("paddle.")
            plain = value.astype("float32") if dtype in ("float16", "bfloat16") else value
            observed[name] = (plain.numpy(), dtype)
        elif value is not None:
            observed[name] = (np.asarray(value), str(np.asarray(value).dtype))
    return observed


def compare(observe, expected):
    """Print got, expected, error and allowed of every quantity, at the worst place; 1 where one diverges, else 0.

    expected: value, allowed absolute error, dtype (``None``: any) and perhaps whether zeros have a sign, by quantity.
    """
    try:
        observed = observe()
    except ImportError:
        raise
    except Exception as error:
        print(f"got {type(error).__name__}: {error}\nexpected values, not an error: DIVERGES")
        return 1
    agree = observed.keys() == expected.keys()
    for name in sorted(observed.keys() ^ expected.keys()):
        print(f"{name}: {'expected, but not returned' if name in expected else 'returned, but not expected'}: DIVERGES")
    for name in [name for name in expected if name in observed]:
        text, holds = compare_quantity(*observed[name], *expected[name])
        print(f"{name}: {text}: {'agrees' if holds else 'DIVERGES'}")
        agree = agree and holds
    return 0 if agree else 1


def compare_quantity(
    got, dtype, value, allowed, wanted, signed=False
):
    """One quantity in words, and whether it is within what is allowed; NaN and infinities must be met exactly."""
    if wanted is not None and dtype != wanted:
        return f"got dtype {dtype}, expected {wanted}", False
    if got.shape != value.shape:
        return f"got shape {got.shape}, expected {value.shape}", False
    if not got.size:
        return f"got shape {got.shape} without elements, as expected", True
    equal = got == value
    if signed:
        equal = equal & ((got != 0) | (np.signbit(got) == np.signbit(value)))
    if got.dtype.kind == "f" or (got.dtype.kind in "iu" and value.dtype.kind == "f"):
        with np.errstate(all="ignore"):
            equal = equal | (np.isnan(got) & np.isnan(value))
            distance = np.abs(np.subtract(got, value, dtype=np.float64))
            error = np.where(equal, 0.0, np.where(np.isfinite(distance), distance, np.inf))
            ratio = np.where(equal | np.isposinf(allowed), 0.0, error / allowed)  # an infinite bound promises nothing
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
    else:
        error = ratio = np.where(equal, 0.0, np.inf)
    at = np.unravel_index(int(ratio.argmax()), ratio.shape)
    limit = float(np.broadcast_to(allowed, ratio.shape)[at])
    text = f"got {got[at]}, expected {value[at]}, error {error[at]:.3g}, allowed {limit:.3g}"
    where = f" at {[int(i) for i in at]}, {np.count_nonzero(ratio > 1)} of {ratio.size} outside" if got.ndim else ""
    return text + where, bool((ratio <= 1).all())


def observe():
    return observe_paddle(call, INPUTS, False, (), COTANGENT, 'cpu', False)


if __name__ == "__main__":
    sys.exit(compare(observe, EXPECTED))
