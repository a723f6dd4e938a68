"""Scales, filters and features of sound. torch has none of its own: the formulas of librosa are written with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.contract import REAL
from conformance.number_formats import current
from conformance.operators import Floats, Structure, each, one, operator
from conformance.quantity import Quantity, without_gradient
from conformance.sums import einsum
from suites.support import sound

AREA = "audio features"
FUNCTIONAL = "paddle.audio.functional."
FEATURES = "paddle.audio.features."


def _mel_by_torch(f: Any, x: Any, kind: str, htk: bool) -> Any:
    start = sound.BREAK * sound.SLOPE
    if kind == "to_mel":
        if htk:
            return 2595.0 * f.log10(1.0 + x / 700.0)
        above = f.log(f.where(x > sound.BREAK, x, sound.BREAK) / sound.BREAK) / sound.STEP + start
        return f.where(x > sound.BREAK, above, x * 3 / 200)
    if htk:
        return 700.0 * (10.0 ** (x / 2595.0) - 1.0)
    above = sound.BREAK * f.exp(sound.STEP * (f.where(x > start, x, start) - start))
    return f.where(x > start, above, x * (200 / 3))


def _mel_by_paddle(f: Any, x: Any, kind: str, htk: bool) -> Any:
    functional = f.audio.functional
    return (functional.hz_to_mel if kind == "to_mel" else functional.mel_to_hz)(x, htk)


def _mel(x: Quantity, kind: str, htk: bool) -> Quantity:
    return sound.to_mel(x, htk) if kind == "to_mel" else sound.to_hertz(x, htk)


@st.composite
def _frequencies(draw: st.DrawFn) -> Structure:
    kind = draw(each("to_mel", "to_hertz"))
    points = (0.0, 440.0, 1000.0, 8000.0, -20.0) if kind == "to_mel" else (0.0, 15.0, 40.0, -1.0)
    shape = tuple(draw(st.lists(each(3, 1, 5), min_size=1, max_size=2)))
    return {"x": Floats(shape, points=points, specials=False, scale=10.0), "kind": kind, "htk": draw(each(False, True))}


@operator(
    "audio.mel_scale",
    area=AREA,
    cases=_frequencies(),
    dtypes=("float32", "float64"),
    families=("normal", "positive"),
    covers=(f"{FUNCTIONAL}hz_to_mel", f"{FUNCTIONAL}mel_to_hz"),
)
class mel_scale:
    """Hertz in mels and back, linear below 1000 Hz and logarithmic above, or by HTK's formula; with gradients."""

    torch = lambda f, x, kind, htk: _mel_by_torch(f, x, kind, htk)
    paddle = lambda f, x, kind, htk: _mel_by_paddle(f, x, kind, htk)
    value = lambda x, kind, htk: _mel(x, kind, htk)
    variant_negative_lost = lambda x, kind, htk: _without_negative(x, kind, htk)


def _without_negative(x: Quantity, kind: str, htk: bool) -> Quantity:
    found = _mel(x, kind, htk)
    lost = (x.value < 0) & (kind == "to_mel") & (not htk)
    return without_gradient(Quantity(np.where(lost, np.nan, found.value), found.error, found.links), x, lost)


@operator(
    "audio.power_to_db",
    area=AREA,
    cases=one(
        low=1e-4,
        high=50.0,
        points=(1e-3,),
        specials=False,
        reference=(1.0, 0.5, 1e-3),
        least=(1e-2, 1e-10),
        range_=(80.0, 10.0, None),
    ).filter(lambda drawn: 0 not in drawn["x"].shape and drawn["x"].shape),
    dtypes=("float32", "float64"),
    families=("normal", "positive"),
    covers=(f"{FUNCTIONAL}power_to_db",),
)
class power_to_db:
    """10 log10(max(x, amin) / ref), not less than top_db below the largest of all."""

    note = "paddle.audio's power_to_db and LogMelSpectrogram take top_db below the loudest of the whole batch."
    torch = lambda f, x, reference, least, range_: _db_by_torch(f, x, reference, least, range_)
    paddle = lambda f, x, reference, least, range_: f.audio.functional.power_to_db(x, reference, least, range_)
    value = lambda x, reference, least, range_: sound.decibels(x, reference, least, range_)
    variant_whole_to_each = lambda x, reference, least, range_: sound.decibels(
        x, reference, least, range_, tied="whole"
    )
    variant_float32_numbers = lambda x, reference, least, range_: sound.decibels(
        x,
        reference,
        least,
        range_,
        float(np.float32(10.0 * math.log10(max(reference, least)))),
        "whole",
    )


def _db_by_torch(f: Any, x: Any, reference: float, least: float, range_: float | None) -> Any:
    found = 10.0 * f.log10(f.where(x > least, x, least)) - 10.0 * math.log10(max(reference, least))
    return found if range_ is None else f.maximum(found, found.max() - range_)


@st.composite
def _tables(draw: st.DrawFn) -> list[Sample]:
    found = []
    for kind in ("filters", "places", "bins", "cosines"):
        given: dict[str, Any] = {"kind": kind, "dtype": draw(each("float32", "float64"))}
        if kind == "cosines":
            given |= {"count": draw(each(5, 1, 8)), "mels": draw(each(8, 13)), "norm": draw(each("ortho", None))}
        elif kind == "places":
            given |= {"count": draw(each(20, 2, 64)), "low": draw(each(0.0, 50.0)), "high": draw(each(8000.0, 900.0))}
            given["htk"] = draw(each(False, True))
        elif kind == "bins":
            given |= {"rate": draw(each(16000, 11025)), "size": draw(each(512, 64, 63))}
        else:
            given |= {"rate": draw(each(16000, 11025)), "size": draw(each(512, 64, 63)), "count": draw(each(10, 4))}
            given |= {"low": draw(each(0.0, 50.0)), "high": draw(each(None, 4000.0)), "htk": draw(each(False, True))}
            given["norm"] = draw(each("slaney", None, 1.0, 2.0, np.inf))
        found.append(Sample(given, REAL))
    return found


def _table(kind: str, dtype: str, at: Any = None, **options: Any) -> Acceptance:
    unit = 2.0**-24 if dtype == "float32" else 2.0**-53
    if kind == "cosines":
        value = sound.cosines(**options)
        bound = 64 * unit * options["count"] * np.ones(1)  # the argument of a cosine is rounded at its size
    elif kind == "places":
        value = sound.places(**options)
        bound = sound.FILTER * (unit + sound.OFFSET) * np.abs(value).max()
    elif kind == "bins":
        value = sound.bins(**options) if at is None else at
        bound = 4 * unit * np.abs(value)
    else:
        value, bound = sound.filters(**options, unit=unit, at=at)
    return Acceptance(value, bound, dtype=dtype)


@contract(
    "audio.tables",
    area=AREA,
    samples=_tables(),
    share=0.2,
    covers=tuple(
        FUNCTIONAL + name for name in ("mel_frequencies", "fft_frequencies", "compute_fbank_matrix", "create_dct")
    ),
)
class tables:
    """Frequencies of mels and of a spectrum, triangular filters of every normalization, and a cosine transform."""

    @staticmethod
    def torch(kind, dtype, **options):
        import torch

        return {"output": torch.tensor(_table(kind, "float64", **options).value, dtype=getattr(torch, dtype))}

    @staticmethod
    def paddle(kind, dtype, **options):
        from paddle.audio import functional

        if kind == "cosines":
            return {"output": functional.create_dct(options["count"], options["mels"], options["norm"], dtype)}
        if kind == "bins":
            return {"output": functional.fft_frequencies(options["rate"], options["size"], dtype)}
        renamed = {"low": "f_min", "high": "f_max", "count": "n_mels", "rate": "sr", "size": "n_fft"}
        given = {renamed.get(name, name): value for name, value in options.items()}
        call = functional.mel_frequencies if kind == "places" else functional.compute_fbank_matrix
        return {"output": call(**given, dtype=dtype)}

    @staticmethod
    def oracle(kind, dtype, **options) -> dict[str, Acceptance]:
        return {"output": _table(kind, dtype, **options)}

    @staticmethod
    def variant_even_sizes(kind, dtype, **options) -> dict[str, Acceptance]:
        """The bins end at half the rate, whatever the size is."""
        if kind in ("bins", "filters"):
            options["at"] = np.linspace(0, options["rate"] / 2, options["size"] // 2 + 1)
        return {"output": _table(kind, dtype, **options)}


@st.composite
def _sounds(draw: st.DrawFn) -> Structure:
    size = draw(each(16, 15, 32))
    return {
        "x": Floats((draw(each(2, 1)), draw(each(40, 33))), specials=False),
        "kind": draw(each("Spectrogram", "MelSpectrogram", "LogMelSpectrogram", "MFCC")),
        "rate": draw(each(8000, 1601)) if size % 2 == 0 else 8000,
        "size": size,
        "hop": draw(each(4, 7, size)),
        "length": draw(each(None, 10, size)),
        "window": draw(each("hann", "hamming")),
        "power": draw(each(2.0, 1.0)),
        "centred": draw(each(True, False)),
        "htk": draw(each(False, True)),
        "norm": draw(each("slaney", 2.0)),
        "top": draw(each(None, 10.0)),
    }


def _options(kind: str, rate: int, htk: bool, norm: Any, top: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if kind != "Spectrogram":
        found |= {"sr": rate, "n_mels": 3, "f_min": 20.0, "htk": htk, "norm": norm}
    if kind in ("LogMelSpectrogram", "MFCC"):
        found["top_db"] = top
    return {**found, "n_mfcc": 2} if kind == "MFCC" else found


def _by_paddle(f, x, kind, rate, size, hop, length, window, power, centred, htk, norm, top):
    layer = getattr(f.audio.features, kind)(
        n_fft=size,
        hop_length=hop,
        win_length=length,
        window=window,
        power=power,
        center=centred,
        dtype=str(x.dtype).rpartition(".")[2],
        **_options(kind, rate, htk, norm, top),
    )
    return layer(x)


def _by_torch(f, x, kind, rate, size, hop, length, window, power, centred, htk, norm, top):
    taper = f.tensor(sound.window(window, length or size), dtype=x.dtype)
    found = (
        f.stft(x, size, hop, length or size, taper, center=centred, pad_mode="reflect", return_complex=True).abs()
        ** power
    )
    if kind == "Spectrogram":
        return found
    bank = sound.filters(rate, size, 3, 20.0, None, htk, norm, 0.0)[0]
    found = f.tensor(bank, dtype=x.dtype) @ found
    if kind == "MelSpectrogram":
        return found
    found = _db_by_torch(f, found, 1.0, 1e-10, top)
    return found if kind == "LogMelSpectrogram" else f.tensor(sound.cosines(2, 3, "ortho").T, dtype=x.dtype) @ found


def _feature(x, kind, rate, size, hop, length, window, power, centred, htk, norm, top, at=None, high=None):
    found = sound.spectrum(x, size, hop, length or size, window, power, centred)
    if kind == "Spectrogram":
        return found
    value, error = sound.filters(rate, size, 3, 20.0, high, htk, norm, current().unit, at)
    found = einsum("mk,rkf->rmf", Quantity(value, error), found)
    if kind == "MelSpectrogram":
        return found
    found = sound.decibels(found, 1.0, 1e-10, top)
    if kind == "LogMelSpectrogram":
        return found
    table = sound.cosines(2, 3, "ortho")
    return einsum("mc,rmf->rcf", Quantity(table, 16 * current().unit * np.ones(table.shape)), found)


@operator(
    "audio.features",
    area=AREA,
    cases=_sounds(),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "sorted"),
    share=0.1,
    layouts=("transposed", "sliced", "flipped"),  # of rows that are one, torch's stft shares the gradient among them
    may_be_zero=("gradient.x",),
    covers=tuple(FEATURES + name for name in ("Spectrogram", "MelSpectrogram", "LogMelSpectrogram", "MFCC")),
)
class features:
    """Spectra of frames, in mels, in decibels, and their cosine transform."""

    note = (
        "paddle.audio.features.Spectrogram has power=1.0 and hop_length=512 by default, torchaudio's 2.0 and half of "
        "the window; its mel filters are Slaney's, torchaudio's HTK's without a norm."
    )
    torch = lambda f, **inputs: _by_torch(f, **inputs)
    paddle = lambda f, **inputs: _by_paddle(f, **inputs)
    value = _feature

    @staticmethod
    def variant_even_sizes(**inputs):
        """The bins end at half the rate."""
        return _feature(**inputs, at=np.linspace(0, inputs["rate"] / 2, inputs["size"] // 2 + 1))

    @staticmethod
    def variant_whole_half(**inputs):
        """The filters end at half of an odd rate less 1."""
        return _feature(**inputs, high=float(inputs["rate"] // 2))
