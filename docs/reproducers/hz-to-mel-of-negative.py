"""hz-to-mel-of-negative: paddle >=2.6.2, <3.4. Promised: Hertz in mels and back, linear below 1000 Hz and
logarithmic above, or by HTK's formula; with gradients. Instead: hz_to_mel of a tensor is NaN below 0 Hz, where that
of a number follows the line: -0.02 for -1.3 Hz."""
import paddle

x = paddle.to_tensor([-30.0, 30.0])
got, expected = paddle.audio.functional.hz_to_mel(x).tolist(), [-0.45, 0.45]
assert all(abs(one - other) < 1e-4 for one, other in zip(got, expected)), f"got {got}, expected {expected}"
