"""rmsprop-eights: paddle >=2.6.2, <3.4 on cpu. Promised: A step stays finite where the average of squares is
subnormal, and is none where that average overflows. Instead: The CPU kernel takes 1 / sqrt(v + eps) of eight
elements at once, by an estimate and a Newton step: a subnormal radicand gives infinity (so the parameter becomes
infinite, or NaN where the gradient is 0) and an infinite one NaN. The last size % 8 elements are as in
rmsprop-eps-inside."""
import paddle

weight = paddle.create_parameter([8], "float32", default_initializer=paddle.nn.initializer.Constant(1.0))
optimizer = paddle.optimizer.RMSProp(0.1, rho=0.5, epsilon=1e-40, parameters=[weight])
(weight * 0.0).sum().backward()
optimizer.step()
assert float(weight[0]) == 1.0, f"parameter after a gradient of 0: got {float(weight[0])}, expected 1.0"
