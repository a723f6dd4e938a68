"""compat-unique-flat-inverse: paddle >=3.3, <3.4. Promised: paddle.compat.unique is torch's. Instead: Its inverse is a
vector as paddle.unique's, not of the input's shape as torch's: (6,) for (3, 2)."""
import paddle

x = paddle.to_tensor([[2.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
got = paddle.compat.unique(x, return_inverse=True)[1].tolist()
expected = [[2, 1], [1, 0], [0, 0]]
assert got == expected, f"got {got}, expected {expected}"
