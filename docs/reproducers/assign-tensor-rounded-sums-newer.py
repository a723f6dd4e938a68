"""assign-tensor-rounded-sums-newer: paddle >=3.2, <3.4. Promised: A tensor written to a part, repeated along its
first axes: the part has no gradient any more, the tensor has. Instead: The float16 gradient of a number that was
written to many places is added up in float16: 28.03 for 28.17 of 1000."""
import paddle

v = paddle.to_tensor(0.0, dtype="float16", stop_gradient=False)
y = paddle.zeros([5, 1, 1000], "float16")
y[0] = v
cotangent = paddle.full([5, 1, 1000], 0.1, "float16")
got = float(paddle.grad([y], [v], [cotangent])[0])
expected = 1000 * float(cotangent[0, 0, 0])
assert abs(got - expected) <= 0.07, f"got {got}, expected {expected}"
