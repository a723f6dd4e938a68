"""Models written to a file and read back as programs: ``torch.export`` and ``torch.jit``, and ``paddle.jit.save``."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suites.support.compiled_stories import base, is_torch

ROWS = "any number of rows"
"""Said of an input whose first axis may have any length."""


def model(f: Any, forward: Callable[..., Any], **tensors: Any) -> Any:
    """A model that does this. tensors: its buffers and parameters, by name."""

    kind: Any = base(f)

    class Model(kind):
        def __init__(self) -> None:
            super().__init__()
            for name, value in tensors.items():
                if _is_parameter(f, value):
                    setattr(self, name, value)
                else:
                    self.register_buffer(name, value)

    Model.forward = forward
    return Model()


def _is_parameter(f: Any, value: Any) -> bool:
    return isinstance(value, f.nn.Parameter if is_torch(f) else f.base.framework.EagerParamBase)


def carried(f: Any, made: Any, *examples: Any, rows: str = "", script: bool = False) -> Any:
    """The model as it comes back from a file, ready to be called.

    examples: inputs like those that it will be called with. rows: :data:`ROWS`, or nothing. script: by ``torch.jit``,
    which keeps branches and what a model does while it is trained.
    """
    if is_torch(f):
        return _of_torch(f, made, examples, rows, script)
    spec = f.static.InputSpec
    given = [
        spec([None if rows and not place else n for place, n in enumerate(each.shape)], str(each.dtype).split(".")[-1])
        for each in examples
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")
        f.jit.save(made, path, input_spec=given)
        return f.jit.load(path)


def _of_torch(f: Any, made: Any, examples: Sequence[Any], rows: str, script: bool) -> Any:
    file = io.BytesIO()
    if script:
        f.jit.save(f.jit.script(made), file)
        file.seek(0)
        return f.jit.load(file)
    shapes = tuple({0: f.export.Dim("rows")} for _ in examples) if rows else None
    f.export.save(f.export.export(made, tuple(examples), dynamic_shapes=shapes), file)
    file.seek(0)
    return f.export.load(file).module()


def of_dtype(f: Any, array: Any, dtype: str) -> Any:
    """A tensor of a dtype."""
    array = np.asarray(array).astype(dtype)
    return f.tensor(array) if is_torch(f) else f.to_tensor(array)
