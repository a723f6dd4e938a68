"""A small reverse-mode tape that carries a variance beside every value and every gradient.

Comparing two float32 training steps needs to know how large an honest difference can be. Worst-case propagation through
a network is useless (four orders of magnitude too wide), so rounding errors are treated as independent random numbers:
an operation y = f(x) adds the variance of its own rounding and passes on (df/dx)**2 times the variance of x, in the
forward direction for values and, by the same rule, in the backward direction for gradients. Variances are in units of
u**2 (u = 2**-24 for float32), so ``u * sqrt(variance)`` is one standard unit of the error; a small measured multiple of
it is the bound (`benchmarks/error_constants.py`).

A sum of n products a_i b_i with result y adds n * (y**2 + sum (a_i b_i)**2): each of n additions rounds a partial sum
of about that size. Operations live in `operations`, `layers`, `batch_norm` and `criteria`.

Where independence fails, so does the model, by at most sqrt(n): sums whose terms are sorted or all equal (errors all
point one way), all-positive recurrent weights, statistics over fewer than about eight values. Inputs of any kind are
fine, weights should be drawn; for a single product the worst case n * u * sum |a b| always holds. Two correlations are
common enough to be modelled: recurrent layers share the errors of an approximated tanh in all rows (see
`layers.RepeatedLinear`), and a channel shares the errors of its statistics (see `batch_norm`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance import accuracy
from reference_impl.oracle.convolution import Array

UNIT_ROUNDOFF = 2.0**-24
SMALLEST = 2.0**-149
SMALLEST_NORMAL = 2.0**-126


@dataclass(frozen=True, slots=True)
class Kink:
    """What became of the decisions of one ReLU or max pooling that followed a lane instead of the oracle.

    ``distance`` is how far the furthest flipped decision lay from its threshold, in units of u * sqrt(variance) of the
    oracle's own value: honest flips have a small one. It is 0 when nothing flipped.
    """

    name: str
    decisions: int
    flipped: int
    distance: float


class Variable:
    """A value with its variance (None: exact) and, after `Tape.backward`, its gradient with its variance."""

    __slots__ = ("_gradient", "_gradient_variance", "needs_gradient", "tape", "value", "variance")

    def __init__(self, tape: Tape, value: Array, variance: Array | None, needs_gradient: bool) -> None:
        self.tape = tape
        self.value = value
        self.variance = variance
        self.needs_gradient = needs_gradient
        self._gradient: Array | None = None
        self._gradient_variance: Array | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def has_gradient(self) -> bool:
        return self._gradient is not None

    @property
    def gradient(self) -> Array:
        """Gradient of the seeded outputs; raises RuntimeError before `Tape.backward`."""
        return self._ready(self._gradient)

    @property
    def gradient_variance(self) -> Array:
        """Variance of the gradient, in units of u**2; raises RuntimeError before `Tape.backward`."""
        return self._ready(self._gradient_variance)

    def error(self) -> Array:
        """One standard unit of a lane's error of the value: u * sqrt(variance)."""
        if self.variance is None:
            return np.zeros_like(self.value)
        return self.tape.unit * np.sqrt(self.variance)

    def gradient_error(self) -> Array:
        """One standard unit of a lane's error of the gradient; raises RuntimeError before `Tape.backward`."""
        return self.tape.unit * np.sqrt(self.gradient_variance)

    def accumulate(self, gradient: Array, variance: Array | None) -> None:
        """Add one consumer's contribution; from the second on, the addition itself rounds."""
        if self._gradient is None:
            self._gradient, self._gradient_variance = gradient, variance
            return
        total = self._gradient + gradient
        if variance is not None and self._gradient_variance is not None:
            self._gradient_variance = self._gradient_variance + variance + np.square(total)
        self._gradient = total

    @staticmethod
    def _ready(array: Array | None) -> Array:
        if array is None:
            raise RuntimeError("this variable has no gradient: call Tape.backward first, on an output it feeds")
        return array


Backward = Callable[[Array, Any], None]
"""Takes a gradient and its variance, which is None where a tape is not bounded."""
_NOTHING = np.empty(0)


class Tape:
    """Records operations in order; `backward` runs them in reverse.

    ``unit`` is the lane's unit roundoff and ``smallest`` its smallest positive number: what an underflow may cost;
    by default those of the format that `conformance.accuracy` derives bounds for. In a narrow format every operation
    rounds its result to it, but a dot product adds up in float32: `sums` and `results` say what that is in u**2.

    Without ``bounded`` the values alone are worked out, and nothing has a variance: on small integers nothing rounds,
    and of other values nothing is promised. The layers and operations of the reference CNN know of it.
    """

    def __init__(self, unit: float | None = None, smallest: float | None = None, bounded: bool = True) -> None:
        self.bounded = bounded
        form = accuracy.narrow() or "float32"
        self.unit = accuracy.UNIT_ROUNDOFF[form] if unit is None else unit
        self.underflow = (accuracy.SMALLEST[form] if smallest is None else smallest) / self.unit
        self.wide = min(UNIT_ROUNDOFF / self.unit, 1.0) ** 2 if form != "float32" else 1.0
        self.largest = accuracy.LARGEST.get(form, np.inf)
        self.kinks: list[Kink] = []
        self.decisions: list[tuple[str, Callable[[Array], bool]]] = []
        self._records: list[tuple[Variable | None, Backward]] = []

    def variable(self, value: Array, variance: Array | None = None, needs_gradient: bool = True) -> Variable:
        """A leaf: an input or a parameter, exact unless a variance (in units of u**2) is given."""
        return Variable(self, np.asarray(value, np.float64), variance, needs_gradient)

    def record(self, value: Array, variance: Array | None, parents: tuple[Variable, ...], run: Backward) -> Variable:
        """The result of an operation; ``run(gradient, variance)`` must accumulate into the parents."""
        needs_gradient = any(parent.needs_gradient for parent in parents)
        if (
            self.bounded
            and self.largest < np.inf
            and np.max(np.abs(value), initial=0.0) > self.largest * (1 - 8 * self.unit)
        ):
            variance = np.where(np.abs(value) > self.largest * (1 - 8 * self.unit), np.inf, variance_or_zero(variance))
        result = Variable(self, value, variance, needs_gradient)
        if needs_gradient:
            self._records.append((result, run))
        return result

    def decide(self, source: str | None, same: Callable[[Array], bool]) -> None:
        """Remember how to tell whether other values of the activation ``source`` would have been decided alike."""
        if source is not None:
            self.decisions.append((source, same))

    def record_always(self, run: Callable[[], None], parents: tuple[Variable, ...]) -> None:
        """Have the backward pass call ``run()`` once it has passed everything recorded after this point."""
        if any(parent.needs_gradient for parent in parents):
            self._records.append((None, lambda _gradient, _variance: run()))

    def sums(self, terms: float) -> float:
        """Variance that so many additions give a sum, in its terms' squares."""
        return terms * self.wide

    def results(self, terms: float) -> float:
        """The same in the square of the result, which a narrow format rounds twice: before and after its bias."""
        return terms if self.wide == 1.0 else terms * self.wide + 2.0

    def floor(self, terms: float = 1.0) -> float:
        """Variance that underflow of ``terms`` products may add."""
        return (terms * self.underflow) ** 2

    def backward(self, *seeds: tuple[Variable, Array | float]) -> None:
        """Propagate the cotangents of one or several outputs to every variable that needs a gradient.

        Each seed is (output, cotangent); a number is broadcast. May be called once for a tape; raises RuntimeError on a
        second call, because the records are used up.
        """
        if not self._records:
            raise RuntimeError("nothing to run backward: the tape is empty or was run already")
        for output, cotangent in seeds:
            seed = np.broadcast_to(np.asarray(cotangent, np.float64), output.shape)
            output.accumulate(seed, np.zeros(output.shape) if self.bounded else None)
        while self._records:
            variable, run = self._records.pop()
            if variable is None:
                run(_NOTHING, _NOTHING)
            elif variable.has_gradient:
                run(variable.gradient, variable.gradient_variance if self.bounded else None)


def variance_or_zero(variance: Array | None) -> Array | float:
    """The variance, 0 for none."""
    return 0.0 if variance is None else variance


def variance_of(variable: Variable) -> Array | float:
    """The variance, 0 for an exact variable."""
    return 0.0 if variable.variance is None else variable.variance


def flip_distance(gap: Array, variance: Array | None, unit: float, chosen: Array) -> float:
    """Largest ``gap`` among the chosen elements, in units of u * sqrt(variance); infinite where the variance is 0."""
    gap = gap[chosen]
    error = np.zeros_like(gap) if variance is None else unit * np.sqrt(variance[chosen])
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.max(np.where(gap == 0, 0.0, gap / error)))
