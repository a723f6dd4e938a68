"""inplace-views-gradient: paddle >=3.1, <3.4. Promised: A part of a tensor changed in place through a view: the
tensor has the new values, and their gradient. Instead: An in-place call on a view changes the tensor and not its
gradient: y[0].scale_(3) has gradient 1 where it is 3, and zero_ 1 where it is 0."""
import paddle

x = paddle.ones([1, 2])
x.stop_gradient = False
y = x * 1.0
y[0].scale_(3.0)
got = paddle.grad([y], [x], [paddle.ones([1, 2])])[0].tolist()
assert got == [[3.0, 3.0]], f"y is {y.tolist()}; got its gradient {got}, expected [[3.0, 3.0]]"
