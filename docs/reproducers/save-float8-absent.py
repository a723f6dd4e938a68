"""save-float8-absent: paddle >=2.6.2, <3.0. Promised: Tensors of every dtype and layout come back from the
framework's own file, in place among other values. Instead: There is no float8 yet."""
import io

import paddle

try:
    paddle.save(paddle.to_tensor(4.0).astype("float8_e4m3fn"), io.BytesIO())
except TypeError as error:
    raise AssertionError(f"got {error}, expected a file of float8_e4m3fn") from error
