"""Fourier transforms of one axis and of several, of every kind, length and normalisation, with gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.moves import moved
from conformance.number_formats import computed_in
from conformance.operators import EVERY, Floats, each, one, operator
from conformance.quantity import acceptance, made
from conformance.transforms import complex_to_complex, half_to_real, over_axes, real_to_half

AREA = "signal"
NORMS = ("backward", "ortho", "forward")
LENGTHS = (1, 2, 3, 4, 5, 7, 8, 12, 16, 31)
FAMILIES = ("normal", "positive", "sparse", "sorted", "heavy")
COMPLEX = ("complex64", "complex128")
REAL = ("float32", "float64")
LAYOUTS = ("transposed", "sliced", "flipped")
"""Releases of torch before 2.15 refuse rows that lie at the same place."""
SETTINGS: dict[str, Any] = {"area": AREA, "families": FAMILIES, "layouts": LAYOUTS}


@st.composite
def _signals(draw, kinds, least=1):
    """One axis of a tensor of one to three, and a length that is its own, shorter, longer or left out."""
    length = draw(each(*[n for n in LENGTHS if n >= least]))
    others = draw(each((), (2,), (3, 2)))
    axis = draw(st.integers(0, len(others)))
    shape = (*others[:axis], length, *others[axis:])
    return {
        "x": Floats(shape, specials=False),
        "n": draw(st.one_of(st.none(), st.none(), st.just(length), each(*LENGTHS[least - 1 :]))),
        "axis": draw(each(axis, axis - len(shape))),
        "norm": draw(each(*NORMS)),
        "kind": draw(each(*kinds)),
    }


@operator(
    "fft.complex",
    cases=_signals(("fft", "ifft")),
    dtypes=COMPLEX,
    covers=("paddle.fft.fft", "paddle.fft.ifft"),
    **SETTINGS,
)
class complex_:
    """The transform of complex numbers and back."""

    both = lambda f, x, n, axis, norm, kind: getattr(f.fft, kind)(x, n, axis, norm)
    value = lambda x, n, axis, norm, kind: complex_to_complex(x, n, axis, norm, kind == "ifft")


def _of_real(x, n, axis, norm, kind):
    find = real_to_half if kind in ("rfft", "ihfft") else complex_to_complex
    return find(x, n, axis, norm, kind.startswith("i"))


@operator(
    "fft.of_real",
    cases=_signals(("fft", "ifft", "rfft", "ihfft")),
    dtypes=REAL,
    covers=("paddle.fft.rfft", "paddle.fft.ihfft"),
    **SETTINGS,
)
class of_real:
    """The transform of real numbers, all of it or the half that says all."""

    both = lambda f, x, n, axis, norm, kind: getattr(f.fft, kind)(x, n, axis, norm)

    value = lambda x, n, axis, norm, kind: _of_real(x, n, axis, norm, kind)


@operator(
    "fft.to_real",
    cases=_signals(("irfft", "hfft"), 2),
    dtypes=COMPLEX,
    covers=("paddle.fft.irfft", "paddle.fft.hfft"),
    **SETTINGS,
)
class to_real:
    """Real numbers from half of their transform."""

    both = lambda f, x, n, axis, norm, kind: getattr(f.fft, kind)(x, n, axis, norm)
    value = lambda x, n, axis, norm, kind: half_to_real(x, n, axis, norm, kind == "irfft")


@st.composite
def _grids(draw, kinds, least=1):
    """Two or three axes, of which some are transformed, in any order; "2" takes the last two if it is not told."""
    rank = draw(st.integers(2, 3))
    shape = tuple(draw(each(*[n for n in (1, 2, 3, 4, 5, 8) if n >= least])) for _ in range(rank))
    kind, form = draw(each(*kinds)), draw(each("n", "2"))
    count = 2 if form == "2" else draw(st.integers(1, rank))
    chosen = draw(st.permutations(range(rank)))[:count]
    axes = draw(st.one_of(st.none(), st.just(tuple(axis - draw(each(0, rank)) for axis in chosen))))
    used = axes or (tuple(range(rank))[-count:] if form == "2" else tuple(range(rank)))
    lengths = draw(st.one_of(st.none(), st.tuples(*[each(*[n for n in (2, 3, 4, 6) if n >= least])] * len(used))))
    return {
        "x": Floats(shape, specials=False),
        "s": lengths,
        "axes": axes,
        "used": used,
        "norm": draw(each(*NORMS)),
        "kind": kind,
        "form": form,
    }


def _called(f, name, x, s, axes, norm):
    """With the axes by name, where there are some."""
    words = {} if axes is None else {"dim" if f.__name__ == "torch" else "axes": axes}
    return getattr(f.fft, name)(x, s, norm=norm, **words)


@operator(
    "fft.grids_complex",
    cases=_grids(("fft", "ifft")),
    dtypes=COMPLEX,
    covers=("paddle.fft.fftn", "paddle.fft.ifftn", "paddle.fft.fft2", "paddle.fft.ifft2"),
    **SETTINGS,
)
class grids_complex:
    """Along several axes, of complex numbers."""

    both = lambda f, x, s, axes, used, norm, kind, form: _called(f, kind + form, x, s, axes, norm)
    value = lambda x, s, axes, used, norm, kind, form: over_axes(kind, x, s, used, norm)


@operator(
    "fft.grids_of_real",
    cases=_grids(("rfft", "ihfft")),
    dtypes=REAL,
    covers=("paddle.fft.rfftn", "paddle.fft.ihfftn", "paddle.fft.rfft2", "paddle.fft.ihfft2"),
    **SETTINGS,
)
class grids_of_real:
    """Along several axes, of real numbers."""

    both = lambda f, x, s, axes, used, norm, kind, form: _called(f, kind + form, x, s, axes, norm)
    value = lambda x, s, axes, used, norm, kind, form: over_axes(kind, x, s, used, norm)


@operator(
    "fft.grids_to_real",
    cases=_grids(("irfft", "hfft"), 2),
    dtypes=COMPLEX,
    covers=("paddle.fft.irfftn", "paddle.fft.hfftn", "paddle.fft.irfft2", "paddle.fft.hfft2"),
    **SETTINGS,
)
class grids_to_real:
    """Along several axes, to real numbers."""

    both = lambda f, x, s, axes, used, norm, kind, form: _called(f, kind + form, x, s, axes, norm)
    value = lambda x, s, axes, used, norm, kind, form: over_axes(kind, x, s, used, norm)


@operator(
    "fft.frequencies",
    area=AREA,
    cases=st.fixed_dictionaries(
        {
            "n": each(1, 2, 5, 6, 33, 100),
            "d": each(1.0, 0.5, 0.1, -2.0, 3.0),
            "kind": each("fftfreq", "rfftfreq"),
            "x": st.just(Floats((1,), specials=False)),
        }
    ),
    gradients=(),
    dtypes=REAL,
    may_be_zero=("output",),
    layouts=(),
    covers=("paddle.fft.fftfreq", "paddle.fft.rfftfreq"),
)
class frequencies:
    """Which frequencies the elements of a transform are of."""

    torch = lambda f, x, n, d, kind: getattr(f.fft, kind)(n, d, dtype=x.dtype)
    paddle = lambda f, x, n, d, kind: getattr(f.fft, kind)(n, d, dtype=str(x.dtype).removeprefix("paddle."))
    value = lambda x, n, d, kind: made(getattr(np.fft, kind)(n, d), 0.0, 3)

    @staticmethod
    def variant_float32(x, n, d, kind):
        """Whatever dtype is asked for."""
        with computed_in("float32"):
            return {"output": acceptance(made(getattr(np.fft, kind)(n, d), 0.0, 3), "float32", "float32")}


@st.composite
def _shifts(draw):
    found = draw(one(fewest=1))
    rank = len(found["x"].shape)
    axes = draw(st.one_of(st.none(), st.integers(-rank, rank - 1), st.permutations(range(rank)).map(tuple)))
    return {**found, "axes": axes, "kind": draw(each("fftshift", "ifftshift"))}


@operator(
    "fft.shift",
    area=AREA,
    cases=_shifts(),
    dtypes=EVERY,
    covers=("paddle.fft.fftshift", "paddle.fft.ifftshift"),
)
class shift:
    """Frequency 0 moved to the middle, and back."""

    both = lambda f, x, axes, kind: getattr(f.fft, kind)(x, axes)
    value = lambda x, axes, kind: moved(lambda array: getattr(np.fft, kind)(array, axes), x)

    @staticmethod
    def variant_single_axis_refused(x, axes, kind):
        """One axis alone, also the only one that there is."""
        if isinstance(axes, int) or len(x.shape if axes is None else axes) == 1:
            return Rejects("a single axis", error="built-in function roll")
        return moved(lambda array: getattr(np.fft, kind)(array, axes), x)
