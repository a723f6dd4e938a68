"""qr-of-nothing-without-gradient: paddle >=3.1.1, <3.4. Promised: Of matrices without elements: 1 is their
determinant, 0 their norms and ranks, and no more than shapes all else. The gradient is without elements too.
Instead: The gradient of qr of a matrix without elements raises an error about memory: one empty matrix in a loop of
training ends it."""
import paddle

x = paddle.ones([0, 2, 2])
x.stop_gradient = False
try:
    got = paddle.grad(sum(each.sum() for each in paddle.linalg.qr(x)), [x])[0].shape
except Exception as error:
    got = error
assert got == [0, 2, 2], f"got {got}, expected a gradient of shape [0, 2, 2]"
