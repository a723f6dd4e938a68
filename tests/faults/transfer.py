"""Faults of carrying weights from one framework to the other, and through files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.wraps import argument, method, result

TO_PADDLE = "conformance.transfer.rules:Layout.to_paddle"
LOADED = {TORCH: "conformance.transfer:load_into_torch", PADDLE: "conformance.transfer:load_into_paddle"}
READ = {TORCH: "conformance.transfer:from_torch", PADDLE: "conformance.transfer:from_paddle"}
READ_FILE, WRITTEN = "conformance.transfer:read_state", "conformance.transfer:write_state"
ROUND_TRIP, FILES, MEANING, REFUSALS = (f"transfer.{name}" for name in ("round_trip", "files", "meaning", "refusals"))
TO_FLOAT64 = "transfer.to_float64"
CONVERTED = {TORCH: "torch.nn:Module.to", PADDLE: "paddle.nn:Layer.to"}
State = dict[str, np.ndarray]


def square_not_transposed(call: Any) -> Any:
    """A transfer that copies a square linear weight as it is."""

    def wrong(layout: Any, array: Any) -> Any:
        square = array.ndim == 2 and array.shape[0] == array.shape[1]
        return array if layout.transposes and square else call(layout, array)

    return wrong


def arrays(change: Callable[[np.ndarray], np.ndarray], only: Callable[[str, np.ndarray], bool]) -> Any:
    """A state in which those arrays are changed that are meant."""
    return lambda state: {
        name: np.ascontiguousarray(change(array)) if only(name, array) else array for name, array in state.items()
    }


def floating(name: str, array: np.ndarray) -> bool:
    """Whether an array holds floats: a counter of batches does not."""
    return array.dtype.kind == "f"


def kernel(name: str, array: np.ndarray) -> bool:
    """Whether an array is a convolution's weight."""
    return array.ndim == 4


def square(name: str, array: np.ndarray) -> bool:
    """Whether a weight looks the same when it is transposed."""
    return array.ndim == 2 and array.shape[0] == array.shape[1]


def square_kernel(name: str, array: np.ndarray) -> bool:
    """Whether a kernel looks the same with its height for its width."""
    return array.ndim == 4 and array.shape[2] == array.shape[3]


def square_channels(name: str, array: np.ndarray) -> bool:
    """Whether a kernel looks the same with its inputs for its outputs."""
    return array.ndim == 4 and array.shape[0] == array.shape[1]


def gates(count: int, order: list[int]) -> Any:
    """A recurrent layer's weights with its gates in another order, where it has ``count`` of them."""

    def change(state: State) -> State:
        if gates_of(state) != count:
            return state
        return {
            name: np.concatenate([np.split(array, count)[place] for place in order]) if "_l" in name else array
            for name, array in state.items()
        }

    return change


def gates_of(state: State) -> int:
    """How many gates the recurrent layer of a state has; 0 where there is none."""
    hidden = [array for name, array in state.items() if "weight_hh_l" in name]
    return hidden[0].shape[0] // hidden[0].shape[1] if hidden else 0


def merged_biases(state: State) -> State:
    """Both biases of a recurrent layer in the first of them, as frameworks with a single one have it."""
    merged = dict(state)
    for name in state:
        if "bias_ih" in name:
            other = name.replace("bias_ih", "bias_hh")
            with np.errstate(all="ignore"):
                merged[name] = state[name] + state[other]
            merged[other] = np.zeros_like(state[other])
    return merged


def exchanged(first: str, second: str) -> Any:
    """A state with two arrays under each other's name."""

    def change(state: State) -> State:
        names = {name: name.replace(first, second) for name in state if name.endswith(first)}
        names |= {other: name for name, other in names.items()}
        return {name: state[names.get(name, name)] for name in state}

    return change


def kept_fresh(*endings: str) -> Any:
    """Statistics that do not travel: mean 0 and variance 1 arrive."""
    return arrays(
        lambda array: np.full_like(array, float("var" in endings[0])), lambda name, array: name.endswith(endings)
    )


def six_digits(array: np.ndarray) -> np.ndarray:
    """Through text of six digits."""
    return np.array([float(f"{number:.6g}") for number in array.ravel()], np.float32).reshape(array.shape)


def through_half(array: np.ndarray) -> np.ndarray:
    """Through float16."""
    with np.errstate(all="ignore"):
        return array.astype(np.float16).astype(np.float32)


def through_double(array: np.ndarray) -> np.ndarray:
    """Through arithmetic in float64, which makes signalling NaN quiet."""
    return array.astype(np.float64).astype(np.float32)


def last_bit(array: np.ndarray) -> np.ndarray:
    """The last element off by one unit in the last place."""
    bits = array.reshape(-1).copy().view(np.uint32)
    bits[-1] ^= 1
    return bits.view(np.float32).reshape(array.shape)


def positive_zero(array: np.ndarray) -> np.ndarray:
    """Without the sign of zero."""
    return np.where(array == 0, np.float32(0), array)


def flushed(array: np.ndarray) -> np.ndarray:
    """Subnormal numbers become 0."""
    return np.where(np.abs(array) < 2.0**-126, np.float32(0), array)


def of_model(lane: str, position: int, wrap: Wrap) -> Wrap:
    """A call of both frameworks that is wrong where it is given a model of one of them."""
    from conformance.transfer.places import side_of

    def wrong_for_one(call: Any) -> Any:
        wrong = wrap(call)
        return lambda *arguments, **options: (wrong if side_of(options["model"]) == lane.partition(":")[0] else call)(
            *arguments, **options
        )

    return wrong_for_one


def loading(name: str, change: Any, *contracts: str, also_torch: tuple[str, ...] = ()) -> list[Fault]:
    """Weights that are changed on their way into a model."""
    return both(name, LOADED, argument(1, "portable", change), *contracts, also_torch=also_torch)


def on_file(name: str, change: Any) -> list[Fault]:
    """Weights that are changed on their way into a file, and on their way out of it."""
    written = {lane: of_model(lane, 1, argument(1, "portable", change)) for lane in LOADED}
    read = {lane: of_model(lane, 1, result(change)) for lane in LOADED}
    return [
        *both(f"{name} in a file", dict.fromkeys(LOADED, WRITTEN), written, FILES),
        *both(f"{name} out of a file", dict.fromkeys(LOADED, READ_FILE), read, FILES),
    ]


def without_leftovers(call: Any) -> Any:
    """A loader that takes what it knows and ignores the rest."""
    names = {"weight", "bias", "running_mean", "running_var"}
    return lambda model, state, *rules: call(
        model, {name: array for name, array in state.items() if name in names or "_l" in name}, *rules
    )


def forgiving(mend: Callable[[np.ndarray, Any], Any]) -> Wrap:
    """A loader that mends what does not fit, by the shape that the model has, and says nothing.

    mend: the array to load, of the model's own values and the given array, which is None where it is missing.
    """

    def wrap(call: Any) -> Any:
        def wrong(model: Any, state: State, *rules: Any) -> None:
            from conformance import transfer
            from conformance.transfer.places import side_of

            own = getattr(transfer, f"from_{side_of(model)}")(model)
            call(model, {**state, **{name: mend(array, state.get(name)) for name, array in own.items()}}, *rules)

        return wrong

    return wrap


def skipped_if_missing(own: np.ndarray, given: Any) -> Any:
    """As set_state_dict does."""
    return own if given is None else given


def skipped_if_misshapen(own: np.ndarray, given: Any) -> Any:
    """As set_state_dict does."""
    return own if given is not None and given.shape != own.shape else given


def cut_to_size(own: np.ndarray, given: Any) -> Any:
    """The first rows of an array that has too many."""
    return given[: len(own)] if given is not None and given.shape != own.shape and given.ndim == own.ndim else given


def repeated(own: np.ndarray, given: Any) -> Any:
    """A single row in place of each, as an assignment that broadcasts does."""
    single = given is not None and given.ndim == own.ndim and given.shape != own.shape and len(given) == 1
    return np.repeat(given, len(own), axis=0) if single else given


def transposed_to_fit(own: np.ndarray, given: Any) -> Any:
    """A matrix that would fit the other way round."""
    return given.T.copy() if given is not None and given.ndim == 2 and given.T.shape == own.shape else given


def cast(own: np.ndarray, given: Any) -> Any:
    """Whatever the dtype."""
    return None if given is None else given.astype(own.dtype)


MENDED = {
    "missing tensor skipped": skipped_if_missing,
    "misshapen tensor skipped": skipped_if_misshapen,
    "misshapen tensor cut": cut_to_size,
    "one row for all": repeated,
    "transposed to fit": transposed_to_fit,
    "dtype cast": cast,
}
LSTM, GRU = gates(4, [0, 1, 3, 2]), gates(3, [1, 0, 2])


def rounded_first(model: Any) -> None:
    """The model's values are rounded to half precision."""
    from conformance import transfer
    from conformance.transfer.places import side_of

    side = side_of(model)
    state = getattr(transfer, f"from_{side}")(model)
    getattr(transfer, f"load_into_{side}")(model, arrays(through_half, floating)(state))


FAULTS = (
    Fault("square linear not transposed", PADDLE, (MEANING,), TO_PADDLE, square_not_transposed),
    *loading("square weight transposed", arrays(np.transpose, square), MEANING, ROUND_TRIP),
    *loading("kernel rotated", arrays(lambda weight: weight[..., ::-1, ::-1], kernel), MEANING, ROUND_TRIP),
    *loading("kernel mirrored", arrays(lambda weight: weight[..., ::-1], kernel), MEANING),
    *loading("square kernel transposed", arrays(lambda w: w.transpose(0, 1, 3, 2), square_kernel), MEANING),
    *loading("square channels exchanged", arrays(lambda w: w.transpose(1, 0, 2, 3), square_channels), MEANING),
    *loading("bias lost", arrays(np.zeros_like, lambda name, array: name == "bias"), MEANING, ROUND_TRIP),
    *loading("LSTM gates exchanged", LSTM, ROUND_TRIP, "model.rnn"),
    *loading("GRU gates exchanged", GRU, ROUND_TRIP, "model.rnn"),
    *loading("recurrent biases merged", merged_biases, ROUND_TRIP, "model.rnn"),
    *loading("recurrent biases exchanged", exchanged("bias_ih_l0", "bias_hh_l0"), ROUND_TRIP, "model.rnn"),
    *loading("directions exchanged", exchanged("weight_hh_l0", "weight_hh_l0_reverse"), ROUND_TRIP, "model.rnn"),
    *loading("mean for variance", exchanged("running_mean", "running_var"), ROUND_TRIP),
    *loading("statistics left behind", kept_fresh("running_var"), ROUND_TRIP),
    *loading("through half precision", arrays(through_half, floating), ROUND_TRIP, FILES),
    *loading("six digits", arrays(six_digits, floating), ROUND_TRIP),
    *loading("last bit wrong", arrays(last_bit, floating), ROUND_TRIP),
    *loading("sign of zero lost", arrays(positive_zero, floating), ROUND_TRIP),
    *loading("subnormals flushed", arrays(flushed, floating), ROUND_TRIP),
    *loading("NaN made quiet", arrays(through_double, floating), ROUND_TRIP),
    *both("read through double precision", READ, result(arrays(through_double, floating)), ROUND_TRIP),
    *both("read with six digits", READ, result(arrays(six_digits, floating)), ROUND_TRIP, FILES),
    *both("read without statistics", READ, result(kept_fresh("running_var", "running_mean")), ROUND_TRIP),
    *on_file("six digits", arrays(six_digits, floating)),
    *on_file("last bit wrong", arrays(last_bit, floating)),
    *on_file("half precision", arrays(through_half, floating)),
    *on_file("sign of zero lost", arrays(positive_zero, floating)),
    *on_file("NaN made quiet", arrays(through_double, floating)),
    *on_file("square weight transposed", arrays(np.transpose, square)),
    *both("converted by way of half precision", CONVERTED, method(before=rounded_first), TO_FLOAT64),
    *both("not converted", CONVERTED, lambda call: lambda self, *arguments, **options: self, TO_FLOAT64),
    *both("leftover tensor ignored", LOADED, without_leftovers, REFUSALS),
    *[fault for name, mend in MENDED.items() for fault in both(name, LOADED, forgiving(mend), REFUSALS)],
)
