"""safetensors-empty-refused: paddle >=3.2, <3.4. Promised: Tensors of every dtype that safetensors knows come back
from it. Instead: A tensor without elements has strides of 0, and viewing the bytes of a file as it is refused:
safetensors writes such a tensor and cannot read the file."""
import os
import tempfile

import paddle

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "x.safetensors")
    try:
        from safetensors.paddle import load_file, save_file

        save_file({"x": paddle.zeros([0, 3], "int16")}, path)
        got = str(list(load_file(path)["x"].shape))
    except Exception as error:
        got = error
assert got == "[0, 3]", f"got {got}, expected [0, 3]"
