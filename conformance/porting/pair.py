"""The pair file: a model in torch, its port to paddle, and what they take, in a few lines of Python.

::

    from my_network_torch import Net as torch_model
    from my_network_paddle import Net as paddle_model

    inputs = ("batch", 3, 32, 32)

Where a lane's environment has one framework only, name what is imported, and each is imported where it is called::

    torch_model, paddle_model = "my_network_torch:Net", "my_network_paddle:Net"

``torch_model`` and ``paddle_model`` are called without arguments. ``inputs`` is one description or a list of them; a
description is a shape, in which ``"batch"`` stands for the number of samples, a dictionary, or a function of a NumPy
generator and a batch size that gives the arrays. A dictionary may say:

===================== ==============================================================================================
shape                 as above
dtype                 float32 without it
low, high             floats: normal numbers where neither is given. Integers (which need ``high``): from ``low``, 0, to
                      below ``high``; both ends are among them, and of three rows or more two are the same. Lengths are
                      integers too
padding               an integer that the last third of the last row consists of
mask                  True: ones up to a length in each row, then zeros, in any dtype. The first row has no padding and
                      the last one has; in the second sample nothing is masked, in the third one place is. Without it,
                      places of bool are drawn one by one in the first sample
===================== ==============================================================================================

What else a pair file may say:

===================== ==============================================================================================
targets               described as ``inputs`` are; the loss takes them after the outputs, one by one, those of a
                      dictionary in its order
loss                  ``"cross_entropy"`` or ``"mse"``; or ``torch_loss`` and ``paddle_loss``, called with the outputs
                      and the targets. Without a loss, the outputs are weighted with random numbers and summed.
torch_optimizer,      called with the parameters to train, each gives an optimizer. Without them, Adam with
paddle_optimizer      learning rate 1e-3 in both
torch_schedule        called with torch's optimizer, gives its schedule of learning rates, which is compared with the
                      one that paddle's optimizer was made with, step by step. Without it, ``optimizer.schedule``
torch_clip,           called with the parameters before each update, clips their gradients, as in
paddle_clip           ``torch_clip = lambda p: torch.nn.utils.clip_grad_norm_(p, 1.0)``; paddle's optimizers clip too
names                 {name in the torch model: name in the paddle model}, of layers or tensors
transposed            names of tensors of one's own, in the torch model, that the paddle model keeps transposed
merged                {layer or tensor: those of the other model that it holds one after the other}, as in
                      ``{"attention.qkv": ("attention.q", "attention.k", "attention.v")}``
extra                 names of tensors that one model alone has. Each has to do no harm: outputs in training mode may
                      not depend on its value
batch_sizes           sizes of the batches that are tried. Without it 3, 2 and 5; and 1 in evaluation mode, where the
                      models take it
carried               True where the factories give models whose weights are carried over already: they are then
                      compared too, bit for bit. The other laws carry them over themselves
===================== ==============================================================================================

Masks of dropout are not compared; what is dropped is, and with which probability. Models that draw other random
numbers in training mode (a stochastic depth, noise) are made without them, or take them as inputs.

Training in mixed precision (autocast, GradScaler) is not compared: models run in their own precision and in float64.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from conformance.porting import loading

BATCH = "batch"
BATCH_SIZES = (3, 2, 5)
LOSSES = ("cross_entropy", "mse")
FACTORIES = ("torch_model", "paddle_model")
CALLED = (
    *FACTORIES, "torch_loss", "paddle_loss", "torch_optimizer", "paddle_optimizer", "torch_schedule", "torch_clip",
    "paddle_clip",
)  # fmt: skip
DESCRIBED = ("shape", "dtype", "low", "high", "padding", "mask")
NEEDED = "it needs torch_model, paddle_model (functions or classes without arguments) and inputs"


class PairError(ValueError):
    """A pair file that cannot be used, or models that cannot be compared; the message names the place."""


@dataclass(frozen=True)
class Named:
    """Something to call by the name of its module and its own, ``module:name``, imported when it is called."""

    text: str
    path: Sequence[str] = ()

    def __call__(self, *given: Any) -> Any:
        return loading.named(self.text, self.path)(*given)


@dataclass(frozen=True)
class Pair:
    """A pair file as it was read: :mod:`conformance.porting.pair` says what each part is."""

    path: Path
    torch_model: Callable[[], Any]
    paddle_model: Callable[[], Any]
    inputs: Any
    targets: Any = None
    loss: str | None = None
    torch_loss: Callable[..., Any] | None = None
    paddle_loss: Callable[..., Any] | None = None
    torch_optimizer: Callable[..., Any] | None = None
    paddle_optimizer: Callable[..., Any] | None = None
    torch_schedule: Callable[..., Any] | None = None
    torch_clip: Callable[..., Any] | None = None
    paddle_clip: Callable[..., Any] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    transposed: Sequence[str] = ()
    merged: Mapping[str, Sequence[str]] = field(default_factory=dict)
    extra: Sequence[str] = ()
    batch_sizes: Sequence[int] = BATCH_SIZES
    carried: bool = False

    def model(self, framework: str) -> Any:
        """A new model of one framework. Raises PairError where the factory does not give one."""
        made = getattr(self, f"{framework}_model")()
        base = {"torch": "state_dict", "paddle": "set_state_dict"}[framework]
        if not callable(made) or not hasattr(made, base):
            raise PairError(
                f"{self.path}: {framework}_model() gave a {type(made).__name__}, which is no {framework} model"
            )
        return made

    def optimizer(self, framework: str, parameters: Sequence[Any]) -> Any:
        """What the pair file's optimizer of one framework gives. Raises PairError where it raises."""
        name = f"{framework}_optimizer"
        try:
            return getattr(self, name)(parameters)
        except Exception as error:
            raise PairError(
                f"{self.path}: {name}, which is called with a list of the parameters to train, failed: "
                f"{type(error).__name__}: {error}"
            ) from error

    def arrays(self, what: str, batch: int, rng: np.random.Generator, place: int = 0) -> list[np.ndarray]:
        """The arrays of ``inputs`` or ``targets`` for one batch. Raises PairError for a description that fails.

        place: of the sample among all; masks differ from one to the next.
        """
        described = getattr(self, what)
        if described is None:
            return []
        try:
            if callable(described):
                made = described(rng, batch)
                return [np.asarray(each) for each in (made if isinstance(made, list | tuple) else [made])]
            several = isinstance(described, list) and not all(isinstance(each, int | str) for each in described)
            return [_drawn(one, batch, rng, place) for one in (described if several else [described])]
        except Exception as error:
            raise PairError(f"{self.path}: {what} cannot be drawn ({type(error).__name__}: {error})") from error


PARTS = [part.name for part in fields(Pair) if part.name != "path"]


def _drawn(described: Any, batch: int, rng: np.random.Generator, place: int) -> np.ndarray:
    options = dict(described) if isinstance(described, Mapping) else {"shape": described}
    strange = options.keys() - DESCRIBED
    if strange or "shape" not in options:
        named = ", ".join(map(repr, sorted(strange)))
        raise PairError(f"a description has {', '.join(DESCRIBED[:-1])} and {DESCRIBED[-1]}, not {named}")
    shape = tuple(batch if each == BATCH else int(each) for each in options["shape"])
    dtype = np.dtype(options.get("dtype", "float32"))
    low, high = options.get("low"), options.get("high")
    if options.get("mask") or (dtype.kind == "b" and place):
        return _mask(shape, rng, place, bool(options.get("mask"))).astype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        if high is None:
            raise PairError(f"integers need the number that they stay below: add 'high' to {options}")
        return _integers(low or 0, high, options.get("padding"), shape, rng).astype(dtype)
    if low is None and high is None:
        return rng.standard_normal(shape).astype(dtype)
    return rng.uniform(0.0 if low is None else low, 1.0 if high is None else high, shape).astype(dtype)


def _integers(low: int, high: int, padding: int | None, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Both ends of the range are among them; of several rows, two are the same, and one ends with the padding."""
    made = rng.integers(low, high, shape)
    if made.size > 1:
        made.flat[0], made.flat[-1] = high - 1, low
    if made.ndim > 1 and made.shape[0] > 2:
        made[1] = made[0]
    if padding is not None and made.size:
        ends = made if made.ndim == 1 else made[-1:]
        ends[..., ends.shape[-1] - max(ends.shape[-1] // 3, 1) :] = padding
    return made


def _mask(shape: tuple[int, ...], rng: np.random.Generator, place: int, of_lengths: bool) -> np.ndarray:
    """All true in the second sample, one false in the third, and drawn in the others: true up to a length, or each.

    The lengths are from 1 to all, of which the first row has all and the last is padded.
    """
    made = np.ones(shape, bool)
    if place == 2 and made.size:
        made.flat[-1] = False
    if place in (1, 2) or not made.size:
        return made
    if not of_lengths:
        return rng.random(shape) < 0.5
    longest = shape[-1]
    lengths = rng.integers(1, longest + 1, shape[:-1])
    if lengths.size > 1:
        lengths.flat[0], lengths.flat[-1] = longest, max(longest // 2, 1)
    return np.arange(longest) < lengths[..., None]


def load(path: str | Path) -> Pair:
    """Read a pair file, as :mod:`conformance.porting.loading` runs it.

    Raises PairError for a file that is not there, does not run, or lacks a part.
    """
    place = Path(path).resolve()
    if not place.is_file():
        raise PairError(
            f"{path} is no file; a pair file is a Python file that names torch_model, paddle_model and inputs"
        )
    try:
        found = loading.run(place)
    except (Exception, SystemExit) as error:
        lacks = getattr(error, "name", None) in ("torch", "paddle")
        hint = "; write torch_model = 'module:Net', and paddle_model alike, for lanes of one framework" if lacks else ""
        raise PairError(f"{path} does not run: {_where(error, place)}{type(error).__name__}: {error}{hint}") from error
    parts = {name: found[name] for name in PARTS if name in found}
    named = [name for name in CALLED if isinstance(parts.get(name), str) and ":" in parts[name]]
    parts |= {name: Named(parts[name], loading.folders(place)) for name in named}
    _require(path, parts)
    return Pair(place, **parts)


def _where(error: BaseException, place: Path) -> str:
    trace, line = error.__traceback__, None
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == str(place) else line
        trace = trace.tb_next
    return f"line {line}: " if line else ""


def _require(path: str | Path, parts: Mapping[str, Any]) -> None:
    missing = [name for name in (*FACTORIES, "inputs") if name not in parts]
    if missing:
        raise PairError(f"{path} does not name {', '.join(missing)}: {NEEDED}")
    for name in CALLED:
        if parts.get(name) is not None and not callable(parts[name]):
            raise PairError(f"{path}: {name} is a {type(parts[name]).__name__}, not something to call: {NEEDED}")
    for one, other in (("torch_loss", "paddle_loss"), ("torch_optimizer", "paddle_optimizer")):
        if (parts.get(one) is None) != (parts.get(other) is None):
            raise PairError(f"{path} names one of {one} and {other}; it needs both, or neither")
    loss = parts.get("loss")
    if loss is not None and loss not in LOSSES:
        raise PairError(
            f"{path}: loss is {loss!r}; choose one of {', '.join(LOSSES)}, or name torch_loss and paddle_loss"
        )
    if loss is not None and parts.get("targets") is None:
        raise PairError(f"{path}: a loss of {loss!r} needs targets, described as inputs are")
    sizes = parts.get("batch_sizes", (1,))
    if not (isinstance(sizes, Sequence) and sizes and all(isinstance(size, int) and size > 0 for size in sizes)):
        raise PairError(f"{path}: batch_sizes is {sizes!r}; give positive whole numbers, such as (3, 2, 5)")


def digest(path: str | Path) -> str:
    """What the pair file held, so that two lanes cannot have read different ones."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
