"""save-float8-as-int8: paddle >=3.0, <3.4. Promised: Tensors of every dtype and layout come back from the
framework's own file, in place among other values. Instead: A tensor of float8_e4m3fn or float8_e5m2 is saved as the
int8 of its bits, and loaded as that: 4.0 comes back as 72."""
import io

import paddle

file = io.BytesIO()
saved = paddle.to_tensor(4.0).astype(getattr(paddle, "float8_e4m3fn", "float32"))
paddle.save(saved, file)
file.seek(0)
loaded = paddle.load(file)
assert loaded.dtype == saved.dtype, f"got {loaded}, expected {saved.dtype}"
