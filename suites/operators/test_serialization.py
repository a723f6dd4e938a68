"""Tensors of every dtype through the frameworks' own files and through safetensors, and what stands beside tensors."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import generator, seeds

AREA = "serialization"
NUMPY = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "bool")
"""Dtypes that a sample can hold as they are."""
COMPLEX = {"complex64": "float32", "complex128": "float64"}
"""Dtypes whose numbers travel as pairs along a last axis."""
FLOAT8 = ("float8_e4m3fn", "float8_e5m2")
IN_FILES = {"bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2"}
"""Names in the header of a safetensors file."""
CARRIED = ("bfloat16", *FLOAT8)
"""Dtypes whose numbers travel in a sample as float32."""
IN_SAFETENSORS = (*NUMPY, *CARRIED)
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0)


def numbers(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Any numbers of a dtype, with specials among those of its that are floating, and both ends of its integers."""
    if dtype in CARRIED:
        exponents = rng.integers(-3, 4, shape)
        return np.asarray(rng.choice((-1.0, 1.0), shape) * rng.choice((1.0, 1.25, 1.5), shape) * 2.0**exponents, "f4")
    if dtype in COMPLEX:
        return numbers(rng, COMPLEX[dtype], (2 * math.prod(shape),)).reshape(*shape, 2)  # else its strides may be 0
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    if kind in "iu":
        ends = np.iinfo(dtype)
        array = rng.integers(ends.min, ends.max, shape, dtype, endpoint=True)
        return np.asarray(np.where(rng.random(shape) < 0.2, rng.choice((ends.min, ends.max), shape), array), dtype)
    array = rng.standard_normal(shape) * 10.0 ** rng.integers(-4, 4, shape)
    return np.asarray(np.where(rng.random(shape) < 0.2, rng.choice(SPECIAL, shape), array), dtype)


@st.composite
def tensors(draw: st.DrawFn, dtypes: tuple[str, ...], ways: tuple[str, ...]) -> list[Sample]:
    """Of each dtype a number, a matrix that is laid out in one of several ways, and one without elements in half."""
    rng, samples = generator(draw(seeds)), []
    for dtype in dtypes:
        shape = (draw(st.integers(1, 4)), draw(st.integers(1, 5)))
        arrays = [numbers(rng, dtype, ()), numbers(rng, dtype, shape)]
        if draw(st.booleans()):
            arrays.append(numbers(rng, dtype, (0, 3)))
        layout = draw(st.sampled_from(("plain", "transposed", "sliced")))
        samples.append(Sample({"dtype": dtype, "arrays": arrays, "layout": layout, "way": draw(st.sampled_from(ways))}))
    return samples


def torch_tensors(dtype, arrays, layout) -> dict[str, Any]:
    """The tensors to save, by name."""
    import torch

    if dtype in COMPLEX:
        made = [torch.view_as_complex(torch.tensor(array)) for array in arrays]
    else:
        made = [torch.tensor(array).to(getattr(torch, dtype)) for array in arrays]
    matrix = made[1]
    if layout == "transposed":
        made[1] = matrix.t().contiguous().t()
    elif layout == "sliced":
        made[1] = torch.stack([matrix, matrix], dim=-1)[..., 1]
    return {f"tensor.{place}": each for place, each in enumerate(made)}


def paddle_tensors(dtype, arrays, layout) -> dict[str, Any]:
    """As :func:`torch_tensors`."""
    import paddle

    made = [paddle.to_tensor(array) for array in arrays]
    made = [each.astype(getattr(paddle, dtype)) if dtype in CARRIED else each for each in made]
    if dtype in COMPLEX:
        made = [paddle.complex(each[..., 0], each[..., 1]) for each in made]
    if dtype in FLOAT8:  # there are no kernels that would lay it out otherwise
        layout = "plain"
    if layout == "transposed":
        made[1] = made[1].t().contiguous().t()
    elif layout == "sliced":
        made[1] = paddle.stack([made[1], made[1]], axis=-1)[..., 1]
    return {f"tensor.{place}": each for place, each in enumerate(made)}


def told(loaded: dict[str, Any], dtype: str, widened: Any, paired: Any) -> dict[str, Any]:
    """The loaded tensors in a form that NumPy holds, and their dtypes by name."""
    change = widened if dtype in FLOAT8 else paired if dtype in COMPLEX else lambda tensor: tensor
    found = {name: change(tensor) for name, tensor in loaded.items()}
    kinds = [str(loaded[name].dtype).rpartition(".")[2] for name in sorted(loaded)]
    return {**found, "dtypes": json.dumps(kinds)}


def in_torch(loaded: dict[str, Any], dtype: str) -> dict[str, Any]:
    """As :func:`told`."""
    import torch

    return told(loaded, dtype, lambda tensor: tensor.float(), torch.view_as_real)


def in_paddle(loaded: dict[str, Any], dtype: str) -> dict[str, Any]:
    """As :func:`told`."""
    import paddle

    return told(loaded, dtype, lambda tensor: tensor.astype("float32"), paddle.as_real)


def whole(dtype, arrays) -> dict[str, Acceptance]:
    """Every tensor as it was."""
    kind = "float32" if dtype in FLOAT8 else COMPLEX.get(dtype, dtype)
    found = {f"tensor.{place}": Acceptance(array, dtype=kind, signed=True) for place, array in enumerate(arrays)}
    return {**found, "dtypes": accuracy.exact(json.dumps([dtype] * len(arrays)))}


BESIDE = {
    "epoch": 3,
    "rate": 0.1,
    "name": "run",
    "done": False,
    "nothing": None,
    "list": [1, [2.5, "x"]],
    "deep": {"a": {}},
}
"""What programs keep beside tensors."""


@contract(
    "serialization.own",
    area=AREA,
    samples=tensors((*NUMPY, *CARRIED, *COMPLEX), ("path", "buffer", "unsafe")),
    tensors=False,
    share=0.15,
    may_be_zero=("tensor.2",),
    covers=("serial.torch.load", "serial.paddle.load"),
)
class own_files:
    """Tensors of every dtype and layout come back from the framework's own file, in place among other values."""

    @staticmethod
    def torch(dtype, arrays, layout, way):
        import io
        import tempfile
        from pathlib import Path

        import torch

        saved = {**BESIDE, "state": torch_tensors(dtype, arrays, layout)}
        with tempfile.TemporaryDirectory() as folder:
            file: Any = io.BytesIO() if way == "buffer" else Path(folder) / "file.pt"
            torch.save(saved, file)
            if way == "buffer":
                file.seek(0)
            loaded = torch.load(file, weights_only=way != "unsafe")
        found = in_torch(loaded.pop("state"), dtype)
        return {**found, "beside": json.dumps(loaded)}

    @staticmethod
    def paddle(dtype, arrays, layout, way):
        import io
        import tempfile
        from pathlib import Path

        import paddle

        saved = {**BESIDE, "state": paddle_tensors(dtype, arrays, layout)}
        with tempfile.TemporaryDirectory() as folder:
            file: Any = io.BytesIO() if way == "buffer" else str(Path(folder) / "file.pdparams")
            paddle.save(saved, file)
            if way == "buffer":
                file.seek(0)
            loaded = paddle.load(file)
        found = in_paddle(loaded.pop("state"), dtype)
        return {**found, "beside": json.dumps(loaded)}

    @staticmethod
    def oracle(dtype, arrays, layout, way):
        return {**whole(dtype, arrays), "beside": accuracy.exact(json.dumps(BESIDE))}

    @staticmethod
    def variant_float8_as_int8(dtype, arrays, layout, way):
        """A tensor of float8 comes back as the int8 of its bits."""
        if dtype not in FLOAT8:
            return own_files.oracle(dtype, arrays, layout, way)
        import ml_dtypes

        bits = [np.asarray(array).astype(getattr(ml_dtypes, dtype)).view(np.int8) for array in arrays]
        found = {f"tensor.{place}": Acceptance(array.astype("f4"), dtype="float32") for place, array in enumerate(bits)}
        dtypes = accuracy.exact(json.dumps(["int8"] * len(arrays)))
        return {**found, "dtypes": dtypes, "beside": accuracy.exact(json.dumps(BESIDE))}

    @staticmethod
    def variant_float8_unfilled(dtype, arrays, layout, way):
        """With deterministic algorithms no tensor of float8 can be made."""
        if dtype in FLOAT8:
            return Rejects("float8 cannot be filled", error='"fill_empty_deterministic_" not implemented for')
        return own_files.oracle(dtype, arrays, layout, way)

    @staticmethod
    def variant_float8_absent(dtype, arrays, layout, way):
        """There is no float8."""
        if dtype in FLOAT8:
            return Rejects("there is no float8", error=f"module 'paddle' has no attribute '{dtype}'")
        return own_files.oracle(dtype, arrays, layout, way)


@contract(
    "serialization.safetensors",
    area=AREA,
    samples=tensors(IN_SAFETENSORS, ("file", "bytes")),
    tensors=False,
    share=0.15,
    may_be_zero=("tensor.2",),
)
class safetensors_files:
    """Tensors of every dtype that safetensors knows come back from it."""

    @staticmethod
    def torch(dtype, arrays, layout, way):
        import tempfile
        from pathlib import Path

        import safetensors.torch as library

        saved = {name: tensor.contiguous() for name, tensor in torch_tensors(dtype, arrays, layout).items()}
        if way == "bytes":
            return in_torch(library.load(library.save(saved)), dtype)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "file.safetensors")
            library.save_file(saved, path)
            return in_torch(library.load_file(path), dtype)

    @staticmethod
    def paddle(dtype, arrays, layout, way):
        import tempfile
        from pathlib import Path

        import safetensors.paddle as library

        with contextlib.suppress(ImportError):  # NumPy knows the names of its dtypes once it is imported, by whomever
            import ml_dtypes  # noqa: F401

        saved = {name: tensor.contiguous() for name, tensor in paddle_tensors(dtype, arrays, layout).items()}
        if way == "bytes":
            return in_paddle(library.load(library.save(saved)), dtype)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "file.safetensors")
            library.save_file(saved, path)
            return in_paddle(library.load_file(path), dtype)

    @staticmethod
    def oracle(dtype, arrays, layout, way):
        return whole(dtype, arrays)

    @staticmethod
    def variant_empty_refused(dtype, arrays, layout, way):
        """A tensor without elements, of more than one byte each, is written to a file and not read from it."""
        if len(arrays) > 2 and way == "file" and dtype not in ("int8", "uint8", "bool", *FLOAT8):
            return Rejects("there are no elements", error="(InvalidArgument) input.strides[0] must be 1")
        return whole(dtype, arrays)

    @staticmethod
    def variant_float8_unfilled(dtype, arrays, layout, way):
        """With deterministic algorithms no tensor of float8 can be made."""
        if dtype in FLOAT8:
            return Rejects("float8 cannot be filled", error='"fill_empty_deterministic_" not implemented for')
        return whole(dtype, arrays)

    @staticmethod
    def variant_without_float8(dtype, arrays, layout, way):
        """The library asks paddle for float8 whatever it writes."""
        return Rejects("there is no float8", error="module 'paddle' has no attribute 'float8_e4m3fn'")

    @staticmethod
    def variant_by_numpy(dtype, arrays, layout, way):
        """Tensors go by way of NumPy, which has neither bfloat16 nor float8."""
        if dtype in IN_FILES and way == "bytes":
            return Rejects("NumPy has no such dtype", error=f"KeyError: '{IN_FILES[dtype]}'")
        if dtype in FLOAT8:
            return Rejects("NumPy has no float8", error=f"module 'numpy' has no attribute '{dtype}'")
        if dtype == "bfloat16":
            return Rejects("NumPy has no bfloat16", error="Input object type error or incompatible array data type")
        return whole(dtype, arrays)
