"""digits-attributes-in-float32: paddle >=3.3, <3.4. Promised: Of float64 numbers a call gives twelve digits, also
where an attribute of it is no float32 number. Instead: A number that is an attribute of a kernel is kept in
float32, and a float64 result has eight digits: |x| ** 0.1, elu, celu, selu, softshrink, hardtanh, addmm,
layer_norm, trapezoid and norms of order 3."""
import paddle

x = paddle.to_tensor([2.0, 3.0], dtype="float64")
got, expected = paddle.pow(x, 0.1).tolist(), [2.0**0.1, 3.0**0.1]
assert all(abs(a / b - 1) < 1e-12 for a, b in zip(got, expected)), f"got {got}, expected {expected}"
