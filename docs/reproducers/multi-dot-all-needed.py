"""multi-dot-all-needed: paddle >=2.6.2, <3.4. Promised: The gradient of the first of three matrices, of which the
others are constants. Instead: The gradient of multi_dot raises an error about a null pointer unless every matrix
has one."""
import paddle

x, y = paddle.ones([2, 3]), paddle.ones([3, 2])
x.stop_gradient = False
try:
    got = paddle.grad(paddle.linalg.multi_dot([x, y]).sum(), [x])[0].tolist()
except Exception as error:
    got = error
expected = [[2.0] * 3] * 2
assert got == expected, f"got {got}, expected {expected}"
