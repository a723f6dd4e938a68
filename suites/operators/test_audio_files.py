"""Sound in WAV files. torch reads and writes none by itself: the standard library's wave does with it."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.contract import REAL
from conformance.operators import each
from conformance.strategies import generator, seeds

AREA = "audio features"
RATE = 8000


def _file(frames: np.ndarray, bits: int, rate: int) -> bytes:
    """A WAV file of whole numbers [frames, channels]."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(frames.shape[1])
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        shifted = frames + 128 if bits == 8 else frames
        file.writeframes(b"".join(int(n).to_bytes(bits // 8, "little", signed=bits > 8) for n in shifted.ravel()))
    return made.getvalue()


def _numbers(data: bytes) -> np.ndarray:
    """Those of a file of 16 bits, [frames, channels]."""
    with wave.open(io.BytesIO(data)) as file:
        if file.getsampwidth() != 2:
            raise ValueError("only 16 bits are read")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())


@st.composite
def _files(draw: st.DrawFn) -> list[Sample]:
    found = []
    for bits in (16, 16, draw(each(8, 24, 32))):
        rng = generator(draw(seeds))
        count, channels = draw(each(6, 1, 9)), draw(each(1, 2))
        frames = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (count, channels))
        frames.flat[0] = draw(each(2 ** (bits - 1) - 1, -(2 ** (bits - 1))))
        options = {"num_frames": draw(each(-1, 1, 4)), "channels_first": draw(each(True, False))}
        options["normalize"] = draw(each(True, False)) if options["num_frames"] > 0 else True
        options["frame_offset"] = draw(st.integers(0, count - 1))
        found.append(Sample({"data": _file(frames, bits, draw(each(RATE, 44100))), **options}, REAL))
    return found


def _part(data: bytes, normalize: bool, channels_first: bool, frame_offset: int, num_frames: int) -> np.ndarray:
    frames = _numbers(data)[frame_offset : None if num_frames == -1 else frame_offset + num_frames]
    frames = (frames / 2.0**15).astype(np.float32) if normalize else frames
    return np.ascontiguousarray(frames.T if channels_first else frames)


@contract("audio.load", area=AREA, samples=_files(), tensors=False, share=0.2, covers=("paddle.audio.load",))
class load:
    """A part of a file of 16 bits, as fractions or as int16; files of other widths are refused."""

    note = "paddle.audio.load reads WAV files of 16 bits alone, torchaudio.load any that its backend knows."

    @staticmethod
    def torch(data, **options):
        import torch

        return {"output": torch.tensor(_part(data, **options)), "rate": _about(data)["sample_rate"]}

    @staticmethod
    def paddle(data, **options):
        import paddle

        output, rate = paddle.audio.load(io.BytesIO(data), **options)
        return {"output": output, "rate": rate}

    @staticmethod
    def oracle(data, **options) -> Any:
        if _about(data)["bits_per_sample"] != 16:
            return Rejects("it is not of 16 bits")
        found = _part(data, **options)
        return {"output": Acceptance(found, dtype=str(found.dtype)), "rate": _about(data)["sample_rate"]}

    @staticmethod
    def variant_whole_file(data, **options) -> Any:
        """The offset counts where a number of frames is given alone."""
        return load.oracle(data, **{**options, "frame_offset": 0} if options["num_frames"] == -1 else options)

    @staticmethod
    def variant_as_float32(data, **options) -> Any:
        found = load.oracle(data, **options)
        if isinstance(found, Rejects):
            return found
        return {**found, "output": Acceptance(found["output"].value, dtype="float32")}


def _about(data: bytes) -> dict[str, int]:
    with wave.open(io.BytesIO(data)) as file:
        return {
            "sample_rate": file.getframerate(),
            "num_samples": file.getnframes(),
            "num_channels": file.getnchannels(),
            "bits_per_sample": 8 * file.getsampwidth(),
        }


@contract("audio.info", area=AREA, samples=_files(), tensors=False, share=0.1, covers=("paddle.audio.info",))
class info:
    """Rate, frames, channels and bits of a file of any width."""

    @staticmethod
    def torch(data, **_):
        return _about(data)

    @staticmethod
    def paddle(data, **_):
        import paddle

        found = paddle.audio.info(io.BytesIO(data))
        return {name: getattr(found, name) for name in _about(data)}

    @staticmethod
    def oracle(data, **_) -> dict[str, Any]:
        return dict(_about(data))


@st.composite
def _waves(draw: st.DrawFn) -> list[Sample]:
    found = []
    for kind in ("inside", "at the ends", "double", "whole"):
        rng = generator(draw(seeds))
        array = rng.uniform(-0.99, 0.99, (draw(each(1, 2)), draw(each(5, 1))))
        if kind == "at the ends":
            array.flat[0] = draw(each(1.0, -1.0, 1.25, -1.25))
        if kind == "whole":
            array = np.rint(array * 2**15).astype(np.int16)
        kept = array if kind == "whole" else array.astype(np.float64 if kind == "double" else np.float32)
        channels_first = draw(each(True, False))
        found.append(
            Sample({"array": kept if channels_first else kept.T.copy(), "channels_first": channels_first}, REAL)
        )
    return found


def _rounded(array: np.ndarray, channels_first: bool) -> np.ndarray:
    """Whole numbers [frames, channels] before they are cut to 16 bits."""
    numbers = array if array.dtype == np.int16 else array.astype(np.float64) * 2**15
    return np.asarray((numbers.T if channels_first else numbers).astype(np.float64))


@contract("audio.save", area=AREA, samples=_waves(), tensors=False, share=0.2, covers=("paddle.audio.save",))
class save:
    """Fractions of 1, or whole numbers, become those of 16 bits; what is louder is the loudest there is."""

    @staticmethod
    def torch(array, channels_first):
        import torch

        numbers = torch.tensor(_rounded(array, channels_first)).round().clamp(-(2**15), 2**15 - 1)
        return {"output": _numbers(_file(numbers.numpy().astype(int), 16, RATE)).astype("f4")}

    @staticmethod
    def paddle(array, channels_first):
        import pathlib
        import tempfile

        import paddle

        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/sound.wav"
            paddle.audio.save(path, paddle.to_tensor(array), RATE, channels_first)
            return {"output": _numbers(pathlib.Path(path).read_bytes()).astype("f4")}

    @staticmethod
    def oracle(array, channels_first) -> dict[str, Acceptance]:
        value = np.clip(_rounded(array, channels_first), -(2**15), 2**15 - 1)
        return {"output": Acceptance(value, 0.0 if array.dtype == np.int16 else 1.0, dtype="float32")}

    @staticmethod
    def variant_wrapping(array, channels_first) -> dict[str, Acceptance]:
        if array.dtype != np.float32:
            return save.oracle(array, channels_first)
        numbers = np.trunc(_rounded(array, channels_first))
        return {"output": Acceptance((numbers + 2**15) % 2**16 - 2**15, dtype="float32")}

    @staticmethod
    def variant_bytes_of_doubles(array, channels_first) -> dict[str, Acceptance]:
        if array.dtype != np.float64:
            return save.oracle(array, channels_first)
        frames = np.ascontiguousarray(array.T if channels_first else array)
        numbers = np.frombuffer(frames.tobytes(), "<i2").reshape(-1, frames.shape[1])
        return {"output": Acceptance(numbers, dtype="float32")}
