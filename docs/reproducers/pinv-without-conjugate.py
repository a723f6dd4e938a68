"""pinv-without-conjugate: paddle >=2.6.2, <3.4. Promised: The pseudoinverse of complex matrices. Instead: Of a
complex matrix the singular vectors are transposed and not conjugated: of [[0.48 - 0.71i]] it gives 0.66 - 0.97i for
0.66 + 0.97i."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[(0.48202329874038696-0.7071132063865662j)]], 'complex64'))
got = np.asarray(paddle.linalg.pinv(x))
expected = np.array([[(0.6581820819134188+0.9655326693630383j)]], 'complex128')
allowed = np.array([[8.357961425095186e-07]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
