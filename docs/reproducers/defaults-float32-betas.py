"""defaults-float32-betas: paddle >=2.6.2, <3.4 against optim.defaults

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: An optimizer that is given parameters, and perhaps a rate, takes what torch documents for all the rest.
Instead: As adam-float32-betas, for the betas that are not given: they are torch's 0.9 and 0.999.
Upstream: https://github.com/PaddlePaddle/Paddle/issues/58378 (of the powers of beta; closed as not a bug).

Expected: the values of a reference computed in NumPy float64, within the error allowed.
Needs ml_dtypes, numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0
on agreement.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from dataclasses import field
from functools import lru_cache
import numpy as np
import paddle


class TransferError(ValueError):
    """A state that does not fit the model, or a layer that the rules do not know. Nothing was loaded."""


FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")


EXTRA = ("bfloat16", *FLOAT8)


def named(name):
    """The dtype of this name. Raises TypeError for an unknown one, TransferError where ml_dtypes is not installed."""
    if name not in EXTRA:
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise TransferError(f"{name} needs the package ml_dtypes; install it beside NumPy") from None
    return np.dtype(getattr(ml_dtypes, name))


def to_array(tensor):
    """A copy of a tensor's values: ``numpy()`` gives bfloat16 as uint16 and float8 as int8."""
    found = to_view(tensor)
    return np.array(found) if found.__array_interface__["data"][0] == tensor.data_ptr() else found


def to_view(tensor):
    """As :func:`to_array`, without a copy where none is needed."""
    name = str(tensor.dtype).removeprefix("paddle.")
    found = tensor.numpy()
    return found.view(named(name)) if name in EXTRA else found


@dataclass(frozen=True)
class Slot:
    """An array for each parameter: torch's name of it, paddle's accumulator, and the setting without which it is not
    kept by torch (paddle's RMSProp keeps all of its arrays always)."""

    torch: str
    paddle: str
    needs: str = ""


@dataclass(frozen=True)
class Power:
    """An accumulator that is ``base ** (updates + ahead)``. base: a number, or the setting that holds it."""

    base: str | float
    ahead: int


@dataclass(frozen=True)
class Kind:
    """One optimizer. singles: paddle's kernel takes the settings in float32, as most but Adam's do. differs: settings
    whose place in the update rule is another one, with what is so, in words."""

    name: str
    torch: str
    paddle: str
    slots: Mapping[str, Slot] = field(default_factory=dict)
    powers: Mapping[str, Power] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    singles: bool = True
    differs: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self):
        """Whether the number of updates is part of the state."""
        return bool(self.powers)


@dataclass(frozen=True)
class Setting:
    """How a setting is called: torch's key of a group (``betas.0`` is the first of a pair), paddle's key of a group,
    which with an underscore before it is paddle's attribute. absent: what a framework does that has no such setting."""

    torch: str | None
    paddle: str | None
    absent: float | bool = 0.0


SETTINGS = {
    "beta1": Setting("betas.0", "beta1"),
    "beta2": Setting("betas.1", "beta2"),
    "eps": Setting("eps", "epsilon"),
    "amsgrad": Setting("amsgrad", "amsgrad", False),
    "momentum": Setting("momentum", "momentum"),
    "nesterov": Setting("nesterov", "use_nesterov", False),
    "dampening": Setting("dampening", None),
    "rescale_grad": Setting(None, "rescale_grad", 1.0),
    "alpha": Setting("alpha", "rho"),
    "rho": Setting("rho", "rho"),
    "centered": Setting("centered", "centered", False),
    "momentum_decay": Setting("momentum_decay", "momentum_decay"),
    "lr_decay": Setting("lr_decay", None),
    "maximize": Setting("maximize", None, False),
    "lazy_mode": Setting(None, "lazy_mode", False),
}


DECAYS = ("coupled", "decoupled", "l1")


_ADAM = {
    "m": Slot("exp_avg", "moment1"),
    "v": Slot("exp_avg_sq", "moment2"),
    "v_max": Slot("max_exp_avg_sq", "moment2_max", "amsgrad"),
}


_ADAM_POWERS = {"beta1_pow_acc": Power("beta1", 1), "beta2_pow_acc": Power("beta2", 1)}


_ADAM_SETTINGS = ("beta1", "beta2", "eps", "amsgrad", "maximize", "lazy_mode")


KINDS = (
    Kind("adamw", "AdamW", "AdamW", _ADAM, _ADAM_POWERS, _ADAM_SETTINGS, singles=False),
    Kind("adam", "Adam", "Adam", _ADAM, _ADAM_POWERS, _ADAM_SETTINGS, singles=False),
    Kind(
        "momentum",
        "SGD",
        "Momentum",
        {"velocity": Slot("momentum_buffer", "velocity")},
        settings=("momentum", "nesterov", "dampening", "rescale_grad", "maximize"),
    ),
    Kind("sgd", "SGD", "SGD", settings=("maximize",)),
    Kind(
        "rmsprop",
        "RMSprop",
        "RMSProp",
        {
            "square_average": Slot("square_avg", "mean_square"),
            "momentum_buffer": Slot("momentum_buffer", "momentum", "momentum"),
            "gradient_average": Slot("grad_avg", "mean_grad", "centered"),
        },
        settings=("alpha", "eps", "momentum", "centered", "maximize"),
        differs={"eps": "eps is added inside the square root in paddle's RMSProp, outside of it in torch's"},
    ),
    Kind(
        "adamax",
        "Adamax",
        "Adamax",
        {"m": Slot("exp_avg", "moment"), "largest": Slot("exp_inf", "inf_norm")},
        {"beta1_pow_acc": Power("beta1", 1)},
        ("beta1", "beta2", "eps", "maximize"),
        differs={"eps": "eps is added to the gradient's size in torch's Adamax, to the norm so far in paddle's"},
    ),
    Kind(
        "nadam",
        "NAdam",
        "NAdam",
        {"m": Slot("exp_avg", "moment1"), "v": Slot("exp_avg_sq", "moment2")},
        {"momentum_decay_pow": Power(0.96, 0), "beta2_pow": Power("beta2", 0)},
        ("beta1", "beta2", "eps", "momentum_decay", "maximize"),
    ),
    Kind(
        "radam",
        "RAdam",
        "RAdam",
        {"m": Slot("exp_avg", "moment1"), "v": Slot("exp_avg_sq", "moment2")},
        {"beta1_pow": Power("beta1", 0), "beta2_pow": Power("beta2", 0)},
        ("beta1", "beta2", "eps", "maximize"),
    ),
    Kind(
        "adagrad",
        "Adagrad",
        "Adagrad",
        {"sum": Slot("sum", "moment")},
        settings=("eps", "lr_decay", "maximize"),
    ),
    Kind(
        "adadelta",
        "Adadelta",
        "Adadelta",
        {
            "square_average": Slot("square_avg", "_avg_squared_grad"),
            "update_average": Slot("acc_delta", "_avg_squared_update"),
        },
        settings=("rho", "eps", "maximize"),
    ),
)


ALL = ", ".join(sorted({kind.torch for kind in KINDS}))


def expected(kind, settings):
    """The portable slots of a parameter with these settings, ``step`` first where updates count."""
    slots = [name for name, slot in kind.slots.items() if not slot.needs or settings.get(slot.needs)]
    return (*(("step",) if kind.counts else ()), *slots)


SMALLEST = 2.0**-126


ROUNDINGS = 4


class OptimizerStateError(ValueError):
    """Optimizer state that does not belong to these parameters or this optimizer; the message names which."""


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


def powers(base, count, dtype=np.float32):
    """base**1 ... base**count as paddle computes them: one rounded multiplication for each step."""
    return np.multiply.accumulate(np.full(count, base, dtype))


def power(base, count, dtype=np.float32):
    """base**count as paddle computes it."""
    return powers(base, count, dtype)[-1] if count else np.dtype(dtype).type(1)


@lru_cache
def exponent(base, value, dtype):
    """The least n with base**n == ``value`` in paddle's arithmetic.

    A power that has reached its smallest value says "at least n": any larger count gives the same updates.
    """
    if value == 1.0:
        return 0
    count = 1024
    while True:
        found = powers(base, count, dtype)
        hits = np.flatnonzero(found == value)
        if hits.size:
            return int(hits[0]) + 1
        if found[-1] < value or found[-1] == found[-2]:
            raise OptimizerStateError(
                f"an optimizer that keeps {value} as a power of beta {base} has not counted its steps with that beta"
            )
        count *= 4


def steps_taken(kind, settings, found):
    """The count of updates that paddle does not keep, from the power of the base that says most about it.

    found: the value and the dtype of each accumulator that is a power. Raises OptimizerStateError where it is no power.
    """
    name, power_ = max(kind.powers.items(), key=lambda item: base_of(item[1], settings))
    value, dtype = found[name]
    step = exponent(base_of(power_, settings), value, dtype) - power_.ahead
    for other, each in kind.powers.items():
        base, (held, of) = base_of(each, settings), found[other]
        wanted = float(power(base, step + each.ahead, of))
        if held != wanted and max(held, wanted) >= SMALLEST:
            raise OptimizerStateError(
                f"an optimizer that keeps {held} as a power of {base} has not counted its steps with that beta: after "
                f"{step} updates it is {wanted}"
            )
    return step


def base_of(power_, settings):
    """The number that a power is of."""
    return float(settings[power_.base]) if isinstance(power_.base, str) else power_.base


def require_held(kind, step):
    """Raises OptimizerStateError where paddle no longer tells what is so after so many updates.

    NAdam's momentum follows 0.96**step, which paddle keeps as a float32: below the smallest normal one it loses digits
    and then comes to rest, and the momentum with it, where torch's goes on to grow.
    """
    if kind.name == "nadam" and step and power(0.96, min(step, 4096)) < SMALLEST:
        raise OptimizerStateError(
            f"after {step} updates paddle's NAdam no longer follows torch's: it keeps 0.96**updates in float32, which "
            "loses digits from 2,140 updates on and then stands still; leave the optimizer's state out"
        )


def mu_product(step, settings, dtype=np.float64):
    """NAdam's product of momenta after ``step`` updates, beta1 * (1 - 0.96**(i * decay) / 2) for i = 1 ... step."""
    raised = powers(0.96, step, dtype) ** np.dtype(dtype).type(settings["momentum_decay"])
    return np.prod(np.dtype(dtype).type(settings["beta1"]) * (1 - raised / 2), dtype=dtype)


def require_product(found, step, settings, name, unit=0.0):
    """Raises OptimizerStateError where NAdam's product is not that of these settings, within what rounding explains.

    unit: the unit roundoff of the dtype that the product has been rounded to, as torch does when it loads one.
    """
    wanted = float(mu_product(step, settings))
    if abs(found - wanted) > (ROUNDINGS * step * 2.0**-24 + unit) * wanted + SMALLEST:
        raise OptimizerStateError(
            f"the mu_product of {name!r} is {found:.6g} after {step} updates, where beta1 {settings['beta1']:g} and "
            f"momentum_decay {settings['momentum_decay']:g} give {wanted:.6g}: it has been trained with other settings"
        )


def learning_rate(optimizer):
    """The learning rate that the next step will use, before any factor of a group or of a parameter."""
    return float(optimizer.get_lr())


def kind_of(optimizer):
    """Which of the kinds it is. Raises OptimizerStateError for another optimizer."""
    name = type(optimizer).__name__
    for kind in KINDS:
        if kind.paddle == name:
            return kind
    raise OptimizerStateError(
        f"the state of a paddle {name} has no portable form here: torch has no such optimizer, or another rule for it; "
        f"those of {ALL} have one"
    )


def settings(optimizer, names):
    """What the update of each parameter depends on, by its name; names: by ``id`` of the parameter.

    As paddle reads them: ``learning_rate`` of a group is a factor, as that of a parameter's ``ParamAttr``; a
    regularizer of a parameter's own goes before the optimizer's.
    """
    kind, base, found = kind_of(optimizer), learning_rate(optimizer), {}
    for group in groups(optimizer):
        for parameter in group["params"]:
            if id(parameter) in names:
                own = {"lr": base * factor(optimizer, parameter), **_decays(optimizer, group, parameter)}
                own |= {name: _setting(optimizer, group, name) for name in kind.settings}
                found[names[id(parameter)]] = own
    return found


def groups(optimizer):
    """The groups of parameters; one where they are given as a list."""
    given = optimizer._param_groups
    return given if given and isinstance(given[0], dict) else [{"params": given or []}]


def factor(optimizer, parameter):
    """What the optimizer's learning rate is multiplied with for a parameter."""
    own = float((getattr(parameter, "optimize_attr", None) or {}).get("learning_rate", 1.0))
    ratio = getattr(optimizer, "_lr_ratio", None)
    return own * (1.0 if ratio is None else float(ratio(parameter)))


def optimizer_state(
    optimizer, named_parameters, own_units=False
):
    """The portable state (see :mod:`conformance.transfer.slots`) of every parameter updated so far.

    ``own_units`` leaves RMSProp's momentum as paddle keeps it, under the name ``update_buffer``.
    """
    kind, named, kept = kind_of(optimizer), dict(named_parameters), accumulators(optimizer)
    set_to = settings(optimizer, {id(parameter): name for name, parameter in named.items()})
    state = {}
    for name, parameter in named.items():
        tensors, wanted = kept.get(parameter.name), expected(kind, set_to.get(name, {}))
        if not tensors or not wanted:
            continue
        arrays = {slot: to_array(tensors[kind.slots[slot].paddle]) for slot in wanted if slot != "step"}
        if "step" in wanted:
            step = _steps_taken(kind, set_to[name], tensors)
            require_held(kind, step)
            arrays = {"step": np.asarray(step, np.int64), **arrays}
            if kind.name == "nadam":
                require_product(_number(tensors["mu_product"]), step, set_to[name], name)
        if "momentum_buffer" in arrays:
            buffer = {"update_buffer": arrays.pop("momentum_buffer")}
            lr = set_to[name]["lr"]
            arrays |= buffer if own_units else {"momentum_buffer": momentum_buffer(buffer, lr)}
        state[name] = arrays
    return state


def accumulators(optimizer):
    """The optimizer's own tensors by parameter name and accumulator name."""
    lead = f"{optimizer._name}_" if optimizer._name is not None else ""
    found = {}
    for accumulator, tensors in optimizer._accumulators.items():
        for name, tensor in tensors.items():
            found.setdefault(name, {})[accumulator.removeprefix(lead)] = tensor
    return found


def dtype_of(tensor):
    """NumPy's dtype for a tensor's."""
    return named(str(tensor.dtype).removeprefix("paddle."))


def _setting(optimizer, group, name):
    """A group's own value; or the one that the optimizer was made with, since its attributes are the last group's."""
    key, absent = SETTINGS[name].paddle, SETTINGS[name].absent
    if key is None:
        return absent
    made_with = optimizer._default_dict.get(key, getattr(optimizer, f"_{key}", absent))
    value = group.get(key, made_with)
    return bool(value) if isinstance(absent, bool) else float(value)


def _decays(
    optimizer, group, parameter
):
    """The decays of a parameter: AdamW's, and what a regularizer adds to the gradient."""
    found = dict.fromkeys(DECAYS, 0.0)
    if isinstance(optimizer, paddle.optimizer.AdamW):
        chosen = optimizer._apply_decay_param_fun
        given = group.get("weight_decay", optimizer._default_dict["weight_decay"])
        found["decoupled"] = float(given) if chosen is None or chosen(parameter.name) else 0.0
    own = getattr(parameter, "regularizer", None)
    applied = own if own is not None else optimizer.regularization
    if isinstance(optimizer, paddle.optimizer.Momentum) and own is None and applied is None:
        # It keeps L2 decay apart, and takes it from the group.
        made_with = optimizer._default_dict["regularization_coeff"]
        found["coupled"] = float(group.get("regularization_coeff", made_with))
    elif applied is not None:
        first = isinstance(applied, paddle.regularizer.L1Decay)
        found["l1" if first else "coupled"] = float(getattr(applied, "_coeff", applied))
    return found


def _number(tensor):
    held = np.unique(tensor.numpy())
    if held.size != 1:
        raise OptimizerStateError(f"{tensor.name} holds unlike numbers, where paddle keeps one of each parameter")
    return float(held[0])


def _steps_taken(kind, set_to, tensors):
    found = {name: (_number(tensors[name]), str(dtype_of(tensors[name]))) for name in kind.powers}
    return steps_taken(kind, set_to, found)


def paddle_run(optimizer, weight, gradient):
    """Steps of an optimizer over its one parameter; gradient [steps, *shape]; the parameter and its state after."""
    import paddle

    for row in gradient:
        optimizer.clear_grad()
        (weight * paddle.to_tensor(row)).sum().backward()
        optimizer.step()
    after = optimizer_state(optimizer, [("weight", weight)], own_units=True)
    return {"parameter": weight, **after.get("weight", {})}


def call(name, options, parameter, gradient):
    import paddle

    weight = paddle.create_parameter(parameter.shape, "float32")
    weight.set_value(parameter)
    classes = {
        "sgd": paddle.optimizer.SGD,
        "momentum": paddle.optimizer.Momentum,
        "adam": paddle.optimizer.Adam,
        "adamw": paddle.optimizer.AdamW,
        "rmsprop": paddle.optimizer.RMSProp,
    }
    rate = {"learning_rate": options["lr"]} if options else {}
    return paddle_run(classes[name](parameters=[weight], **rate), weight, gradient)


INPUTS = {
    'name': 'adam',
    'options': {},
    'parameter': np.array([0.5], 'float32'),
    'gradient': np.array([[0.125], [-0.25]], 'float32'),
}


COTANGENT = None


# Value, allowed absolute error and dtype by quantity.
EXPECTED = {
    'parameter': (np.array([0.4993661036], 'float64'), 9.1e-08, 'float32'),
    'm': (np.array([-0.01375], 'float64'), 1.1e-08, 'float32'),
    'v': (np.array([7.8109375e-05], 'float64'), 3.3e-11, 'float32'),
    'step': (np.array(2, 'int64'), 0.0, 'int64'),
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
