"""The state of paddle's optimizers as plain arrays by the names of parameters, and back; and what each is set to.

Paddle names a parameter's state ``<parameter name>_<accumulator>_<n>`` where both the parameter's name and n come from
counters of the process: a second optimizer over the same model gets other keys and refuses the first one's state. So
the portable state is keyed by the names in the model. What is kept, and under which name, says
:mod:`conformance.transfer.kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import paddle

from conformance.transfer import dtypes
from conformance.transfer import slots as portable
from conformance.transfer.kinds import ALL, DECAYS, KINDS, SETTINGS, Kind, expected
from conformance.transfer.slots import OptimizerStateError, State

from .arrays import to_array

NamedParameters = Iterable[tuple[str, paddle.Tensor]]
Settings = dict[str, dict[str, Any]]
beta_powers = portable.powers


def learning_rate(optimizer: paddle.optimizer.Optimizer) -> float:
    """The learning rate that the next step will use, before any factor of a group or of a parameter."""
    return float(optimizer.get_lr())


def set_learning_rate(optimizer: paddle.optimizer.Optimizer, lr: float) -> None:
    """Sets the learning rate of the next step; where a schedule has the say, it has been set with the schedule."""
    if not isinstance(optimizer._learning_rate, paddle.optimizer.lr.LRScheduler):
        optimizer.set_lr(lr)


def kind_of(optimizer: paddle.optimizer.Optimizer) -> Kind:
    """Which of the kinds it is. Raises OptimizerStateError for another optimizer."""
    name = type(optimizer).__name__
    for kind in KINDS:
        if kind.paddle == name:
            return kind
    raise OptimizerStateError(
        f"the state of a paddle {name} has no portable form here: torch has no such optimizer, or another rule for it; "
        f"those of {ALL} have one"
    )


def settings(optimizer: paddle.optimizer.Optimizer, names: Mapping[int, str]) -> Settings:
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


def groups(optimizer: paddle.optimizer.Optimizer) -> list[dict[str, Any]]:
    """The groups of parameters; one where they are given as a list."""
    given = optimizer._param_groups
    return given if given and isinstance(given[0], dict) else [{"params": given or []}]


def factor(optimizer: paddle.optimizer.Optimizer, parameter: paddle.Tensor) -> float:
    """What the optimizer's learning rate is multiplied with for a parameter."""
    own = float((getattr(parameter, "optimize_attr", None) or {}).get("learning_rate", 1.0))
    ratio = getattr(optimizer, "_lr_ratio", None)
    return own * (1.0 if ratio is None else float(ratio(parameter)))


def optimizer_state(
    optimizer: paddle.optimizer.Optimizer, named_parameters: NamedParameters, own_units: bool = False
) -> State:
    """The portable state (see :mod:`conformance.transfer.slots`) of every parameter updated so far.

    ``own_units`` leaves RMSProp's momentum as paddle keeps it, under the name ``update_buffer``.
    """
    kind, named, kept = kind_of(optimizer), dict(named_parameters), accumulators(optimizer)
    set_to = settings(optimizer, {id(parameter): name for name, parameter in named.items()})
    state: State = {}
    for name, parameter in named.items():
        tensors, wanted = kept.get(parameter.name), expected(kind, set_to.get(name, {}))
        if not tensors or not wanted:
            continue
        arrays = {slot: to_array(tensors[kind.slots[slot].paddle]) for slot in wanted if slot != "step"}
        if "step" in wanted:
            step = _steps_taken(kind, set_to[name], tensors)
            portable.require_held(kind, step)
            arrays = {"step": np.asarray(step, np.int64), **arrays}
            if kind.name == "nadam":
                portable.require_product(_number(tensors["mu_product"]), step, set_to[name], name)
        if "momentum_buffer" in arrays:
            buffer = {"update_buffer": arrays.pop("momentum_buffer")}
            lr = set_to[name]["lr"]
            arrays |= buffer if own_units else {"momentum_buffer": portable.momentum_buffer(buffer, lr)}
        state[name] = arrays
    return state


def load_optimizer_state(
    optimizer: paddle.optimizer.Optimizer,
    named_parameters: NamedParameters,
    state: Mapping[str, Mapping[str, np.ndarray]],
) -> None:
    """Replaces what ``optimizer`` remembers by ``state``; a parameter without an entry starts anew.

    Raises OptimizerStateError, having changed nothing, where ``state`` does not fit.
    """
    kind = kind_of(optimizer)
    parameters = {name: parameter for name, parameter in named_parameters if not parameter.stop_gradient}
    set_to = settings(optimizer, {id(parameter): name for name, parameter in parameters.items()})
    shapes = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    portable.check(state, shapes, kind.name, {name: expected(kind, own) for name, own in set_to.items()})
    for arrays in state.values():
        portable.require_held(kind, int(arrays.get("step", 0)))
    # set_state_dict would need the very keys that this optimizer is going to generate. So let it create its tensors
    # now, as its first step would, and fill them.
    create_accumulators(optimizer, [parameters[name] for name in state])
    kept = accumulators(optimizer)
    by_own_name = {parameter.name: name for name, parameter in parameters.items()}
    for parameter_name, tensors in kept.items():
        name = by_own_name[parameter_name]
        arrays = state.get(name) or _fresh(optimizer, expected(kind, set_to[name]), tensors, kind)
        for slot in expected(kind, set_to[name]):
            if slot == "step":
                _set_counters(kind, set_to[name], tensors, int(arrays["step"]))
            else:
                lr = set_to[name]["lr"]
                value = portable.update_buffer(arrays, lr) if slot == "momentum_buffer" else arrays[slot]
                tensor = tensors[kind.slots[slot].paddle]
                put(tensor, value)


def create_accumulators(optimizer: paddle.optimizer.Optimizer, parameters: list[paddle.Tensor]) -> None:
    """Lets the optimizer create the tensors of its state, filled as before its first step, or as it has loaded them."""
    if optimizer.helper is None:  # paddle 2 makes the tensors through this helper, which its first step would set
        optimizer.helper = paddle.base.layer_helper.LayerHelper(type(optimizer).__name__)
    wanted = {id(parameter) for parameter in parameters}
    block = paddle.static.default_main_program().global_block()
    for group in groups(optimizer):
        chosen = [parameter for parameter in group["params"] if id(parameter) in wanted]
        if chosen and len(group) > 1:  # a group's settings decide what its accumulators begin with
            optimizer._create_accumulators(block, {**group, "params": chosen})
        elif chosen:
            optimizer._create_accumulators(block, chosen)


def accumulators(optimizer: paddle.optimizer.Optimizer) -> dict[str, dict[str, paddle.Tensor]]:
    """The optimizer's own tensors by parameter name and accumulator name."""
    lead = f"{optimizer._name}_" if optimizer._name is not None else ""
    found: dict[str, dict[str, paddle.Tensor]] = {}
    for accumulator, tensors in optimizer._accumulators.items():
        for name, tensor in tensors.items():
            found.setdefault(name, {})[accumulator.removeprefix(lead)] = tensor
    return found


def dtype_of(tensor: paddle.Tensor) -> np.dtype:
    """NumPy's dtype for a tensor's."""
    return dtypes.named(str(tensor.dtype).removeprefix("paddle."))


def put(tensor: paddle.Tensor, value: Any) -> None:
    """Overwrite an accumulator, in its own dtype."""
    tensor.set_value(dtypes.bits(np.asarray(value, dtype_of(tensor)), "paddle"))


def _setting(optimizer: paddle.optimizer.Optimizer, group: Mapping[str, Any], name: str) -> float | bool:
    """A group's own value; or the one that the optimizer was made with, since its attributes are the last group's."""
    key, absent = SETTINGS[name].paddle, SETTINGS[name].absent
    if key is None:
        return absent
    made_with = optimizer._default_dict.get(key, getattr(optimizer, f"_{key}", absent))
    value = group.get(key, made_with)
    return bool(value) if isinstance(absent, bool) else float(value)


def _decays(
    optimizer: paddle.optimizer.Optimizer, group: Mapping[str, Any], parameter: paddle.Tensor
) -> dict[str, float]:
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


def _fresh(
    optimizer: paddle.optimizer.Optimizer, slots: Iterable[str], tensors: Mapping[str, paddle.Tensor], kind: Kind
) -> dict[str, np.ndarray]:
    """What a parameter has before its first update."""
    first = float(getattr(optimizer, "initial_accumulator_value", 0.0))
    return {slot: np.zeros([]) if slot == "step" else np.full(tensors[kind.slots[slot].paddle].shape, first)
            for slot in slots}  # fmt: skip


def _set_counters(kind: Kind, set_to: Mapping[str, Any], tensors: Mapping[str, paddle.Tensor], step: int) -> None:
    for name, power in kind.powers.items():
        base = portable.base_of(power, set_to)
        _fill(tensors[name], portable.power(base, step + power.ahead, dtype_of(tensors[name])))
    if kind.name == "nadam":
        _fill(tensors["mu_product"], portable.mu_product(step, set_to, dtype_of(tensors["mu_product"])))
    elif kind.name == "radam":
        _fill(tensors["rho"], portable.rho(step, set_to))


def _fill(tensor: paddle.Tensor, number: Any) -> None:
    """NAdam and RAdam keep a number as often as the parameter has elements."""
    put(tensor, np.full(tensor.shape, number))


def _number(tensor: paddle.Tensor) -> float:
    held = np.unique(tensor.numpy())
    if held.size != 1:
        raise OptimizerStateError(f"{tensor.name} holds unlike numbers, where paddle keeps one of each parameter")
    return float(held[0])


def _steps_taken(kind: Kind, set_to: Mapping[str, Any], tensors: Mapping[str, paddle.Tensor]) -> int:
    found = {name: (_number(tensors[name]), str(dtype_of(tensors[name]))) for name in kind.powers}
    return portable.steps_taken(kind, set_to, found)
