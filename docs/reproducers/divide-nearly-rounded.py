"""divide-nearly-rounded: paddle >=2.6.2, <3.4 on cpu on a processor with AVX512F and with GenuineIntel. Promised:
The quotient, broadcast; by zero it is infinite or NaN. Instead: The quotient of two arrays of one shape is that of
MKL's vector division, which is off in the last bit of one in 300 float32 quotients and one in 700 of float64 where
the processor is Intel's with AVX-512; that of other shapes, or by a number, is rounded as IEEE 754 asks."""
import numpy as np
import paddle

x, y = np.float32([1.9625687599182129]), np.float32([1.9616003036499023])
got, expected = (paddle.to_tensor(x) / paddle.to_tensor(y)).item(), (x / y).item()
assert got == expected, f"got {got}, expected {expected}"
