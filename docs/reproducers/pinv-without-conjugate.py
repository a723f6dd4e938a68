"""pinv-without-conjugate: paddle >=2.6.2, <3.4. Promised: The pseudoinverse of complex matrices. Instead: Of a
complex matrix the singular vectors are transposed and not conjugated: of [[0.48 - 0.71i]] it gives 0.66 - 0.97i for
0.66 + 0.97i."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[(0.48202329874038696-0.7071132063865662j)]], 'complex64'))
got = np.asarray(paddle.linalg.pinv(x))[0, 0]
expected = (0.658182082+0.965532669j)
assert abs(got - expected) <= 8.4e-07, f"got {got}, expected {expected}"
