"""fftfreq-float32: paddle >=2.6.2, <3.3. Promised: Which frequencies the elements of a transform are of. Instead:
The dtype that is asked for is ignored: float32 for float64."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.10490011715303971], 'float64'))
got = getattr(paddle.fft, 'fftfreq')(1, 1.0, dtype=str(x.dtype).removeprefix('paddle.'))
assert str(got.dtype).endswith('float64'), f"got {got.dtype}"
