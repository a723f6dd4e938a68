"""Frames of signals, their transforms and back, and windows, with gradients."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conformance.accuracy import Acceptance, Rejects
from conformance.contract import Sample, contract
from conformance.operators import Floats, each, operator
from conformance.transforms import added_up, framed, from_short_time, short_time

AREA = "signal"
REAL = ("float32", "float64")
SETTINGS: dict[str, Any] = {"area": AREA, "families": ("normal", "positive", "sparse", "sorted")}


@st.composite
def _cut(draw):
    length, hop = draw(each(1, 2, 3, 4, 8)), draw(each(1, 2, 3, 5))
    first, batch = draw(st.booleans()), draw(each((), (2,), (2, 3)))
    whole = length + hop * draw(st.integers(0, 4)) + draw(st.integers(0, hop - 1))
    shape = (whole, *batch) if first else (*batch, whole)
    return {"x": Floats(shape, specials=False), "length": length, "hop": hop, "first": first}


@operator("signal.frame", cases=_cut(), dtypes=REAL, covers=("paddle.signal.frame",), **SETTINGS)
class frame:
    """Overlapping windows of a signal along its last axis, or its first."""

    note = "paddle.signal.frame is Tensor.unfold in torch, with the axes of each window and of the windows exchanged"

    @staticmethod
    def torch(f, x, length, hop, first):
        found = x.unfold(0 if first else -1, length, hop)
        return found.movedim(-1, 1) if first else found.movedim(-1, -2)

    paddle = lambda f, x, length, hop, first: f.signal.frame(x, length, hop, 0 if first else -1)
    value = framed


@st.composite
def _windows(draw):
    length, hop, count = draw(each(1, 2, 3, 4, 8)), draw(each(1, 2, 3, 5)), draw(st.integers(1, 5))
    first, batch = draw(st.booleans()), draw(each((), (2,), (2, 3)))
    shape = (count, length, *batch) if first else (*batch, length, count)
    return {"x": Floats(shape, specials=False), "hop": min(hop, length), "first": first}


@operator("signal.overlap_add", cases=_windows(), dtypes=REAL, covers=("paddle.signal.overlap_add",), **SETTINGS)
class overlap_add:
    """Windows laid over each other and added up."""

    note = "paddle.signal.overlap_add is torch.nn.functional.fold of one row"

    @staticmethod
    def torch(f, x, hop, first):
        x = x.movedim((1, 0), (-2, -1)) if first else x
        length, count = x.shape[-2:]
        whole = length + hop * (count - 1)
        found = f.nn.functional.fold(x.reshape(-1, length, count), (1, whole), (1, length), stride=(1, hop))
        found = found.reshape(*x.shape[:-2], whole)
        return found.movedim(-1, 0) if first else found

    paddle = lambda f, x, hop, first: f.signal.overlap_add(x, hop, 0 if first else -1)
    value = added_up


@st.composite
def _spectra(draw):
    size = draw(each(4, 5, 8, 16))
    width = draw(each(size, size, size - 1, size // 2))
    hop = draw(each(1, 2, 3, size // 4, size))
    batch = draw(each((), (2,)))
    return {
        "x": Floats((*batch, draw(st.integers(size, 3 * size + 1))), specials=False),
        "window": Floats((width,), low=0.1, high=2.0, specials=False, views=False),
        "size": size,
        "hop": max(hop, 1),
        "center": draw(st.booleans()),
        "mode": draw(each("reflect", "constant")),
        "normalized": draw(st.booleans()),
        "onesided": draw(st.booleans()),
    }


NO_LENGTH = Rejects("the length of a window is asked for", error="has no len()")


@operator(
    "signal.stft",
    cases=_spectra(),
    gradients=("x", "window"),
    dtypes=REAL,
    layouts=("transposed", "sliced", "flipped"),  # of equal rows torch gives each the mean of their gradients
    covers=("paddle.signal.stft",),
    **SETTINGS,
)
class stft:
    """The transforms of windows of a signal, which may be padded at both ends."""

    torch = lambda f, x, window, size, hop, center, mode, normalized, onesided: f.stft(
        x, size, hop, window.shape[0], window, center, mode, normalized, onesided, return_complex=True
    )
    paddle = lambda f, x, window, size, hop, center, mode, normalized, onesided: f.signal.stft(
        x, size, hop, window.shape[0], window, center, mode, normalized, onesided
    )
    value = lambda x, window, size, hop, center, mode, normalized, onesided: short_time(
        x, size, hop, window, center, mode, normalized, onesided
    )
    variant_never_in_programs = lambda **inputs: NO_LENGTH


@st.composite
def _spectra_back(draw):
    size = draw(each(4, 5, 8))
    hop, count, onesided = draw(each(1, 2, size // 2)), draw(st.integers(3, 6)), draw(each(True, True, False))
    rows, center = size // 2 + 1 if onesided else size, draw(st.booleans())
    whole = size + hop * (count - 1) - (size // 2 * 2 if center else 0)
    return {
        "x": Floats((*draw(each((), (2,))), rows, count, 2), specials=False),
        "window": Floats((size,), low=0.25, high=2.0, specials=False, views=False),
        "size": size,
        "hop": hop,
        "center": center,
        "normalized": draw(st.booleans()),
        "onesided": onesided,
        "length": draw(each(None, None, max(whole - 1, 1))),
    }


@operator(
    "signal.istft",
    cases=_spectra_back(),
    gradients=("x", "window"),
    dtypes=REAL,
    covers=("paddle.signal.istft",),
    **SETTINGS,
)
class istft:
    """The signal of which these are the transforms, given as their parts."""

    torch = lambda f, x, window, size, hop, center, normalized, onesided, length: f.istft(
        f.complex(x[..., 0], x[..., 1]), size, hop, size, window, center, normalized, onesided, length
    )
    paddle = lambda f, x, window, size, hop, center, normalized, onesided, length: f.signal.istft(
        f.complex(x[..., 0], x[..., 1]), size, hop, size, window, center, normalized, onesided, length
    )
    value = lambda x, window, size, hop, center, normalized, onesided, length: from_short_time(
        x[..., 0] + x[..., 1] * 1j, size, hop, window, center, normalized, onesided, length
    )

    variant_backward_refused = lambda x, window, size, hop, center, normalized, onesided, length: Rejects(
        "divided in place, or of an odd length",
        error="Broadcast dimension mismatch" if size % 2 else "modified by an inplace operation",
    )

    variant_odd_refused = lambda x, window, size, hop, center, normalized, onesided, length: _unless_odd(
        "Broadcast dimension mismatch", x, window, size, hop, center, normalized, onesided, length
    )
    variant_never_in_programs = lambda **inputs: NO_LENGTH
    variant_odd_not_compiled = lambda x, window, size, hop, center, normalized, onesided, length: _unless_odd(
        "call_function <built-in method istft", x, window, size, hop, center, normalized, onesided, length
    )


def _unless_odd(error, x, window, size, hop, *settings):
    """Of an odd length, transforms back that are not told it give one element less than the window has."""
    if size % 2:
        return Rejects("an odd length", error=error)
    return from_short_time(x[..., 0] + x[..., 1] * 1j, size, hop, window, *settings)


WINDOWS = {
    "hann": (),
    "hamming": (),
    "blackman": (),
    "bartlett": (),
    "cosine": (),
    "nuttall": (),
    "triang": (),
    "bohman": (),
    "kaiser": (8.0,),
    "gaussian": (2.0,),
    "general_gaussian": (1.5, 3.0),
    "tukey": (0.5,),
    "exponential": (None, 3.0),
    "taylor": (4, 30, True),
}
SHARED = {"hann", "hamming", "blackman", "bartlett", "cosine", "nuttall", "kaiser", "gaussian", "exponential"}


@contract(
    "signal.windows",
    area=AREA,
    samples=st.fixed_dictionaries(
        {
            "name": each(*WINDOWS),
            "count": each(1, 2, 3, 7, 8, 25, 64),
            "periodic": st.booleans(),
            "dtype": each("float64", "float32"),
        }
    ).map(lambda inputs: [Sample(inputs)]),
    share=0.5,
    covers=("paddle.audio.functional.get_window",),
)
class windows:
    """Weights that fade at both ends, symmetric or periodic, as SciPy defines them."""

    note = "torch.signal.windows has sym=False where paddle.audio.functional.get_window has fftbins=True"

    @staticmethod
    def torch(name, count, periodic, dtype):
        import torch

        kind = getattr(torch, dtype)
        options = {"sym": not periodic, "dtype": kind}
        if name not in SHARED:  # torch has none
            import scipy.signal

            return {"output": torch.tensor(scipy.signal.get_window(_asked(name), count, periodic), dtype=kind)}
        words = {"kaiser": {"beta": 8.0}, "gaussian": {"std": 2.0}, "exponential": {"tau": 3.0}}.get(name, {})
        return {"output": getattr(torch.signal.windows, name)(count, **words, **options)}

    @staticmethod
    def paddle(name, count, periodic, dtype):
        import paddle

        return {"output": paddle.audio.functional.get_window(_asked(name), count, fftbins=periodic, dtype=dtype)}

    @staticmethod
    def oracle(name, count, periodic, dtype):
        import scipy.signal

        found = scipy.signal.get_window(_asked(name), count, periodic)
        # Angles up to 4 pi are rounded, and the sums of up to four cosines.
        unit = 2.0**-24 if dtype == "float32" else 2.0**-53
        return {"output": Acceptance(found, 64 * unit, dtype=dtype)}

    @staticmethod
    def variant_some_unknown(name, count, periodic, dtype):
        """Three are not known by name."""
        if name in ("bartlett", "nuttall", "kaiser"):
            return Rejects("an unknown window", error="Unknown window type.")
        return windows.oracle(name, count, periodic, dtype)


def _asked(name):
    return (name, *WINDOWS[name]) if WINDOWS[name] else name
