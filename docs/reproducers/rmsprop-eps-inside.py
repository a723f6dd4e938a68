"""rmsprop-eps-inside: paddle >=2.6.2, <3.4. Promised: One RMSprop step, centered or not, with momentum or not,
agrees in parameter and averages. Instead: RMSProp divides by sqrt(v + eps), torch by sqrt(v) + eps; its rho is
rounded to float32, and its momentum buffer contains the learning rate, which matters once the learning rate
changes."""
import paddle

weight = paddle.create_parameter([1], "float32", default_initializer=paddle.nn.initializer.Constant(0.0))
optimizer = paddle.optimizer.RMSProp(1.0, rho=0.5, epsilon=1.0, parameters=[weight])
weight.sum().backward()
optimizer.step()
expected = -1 / (0.5**0.5 + 1)
assert abs(weight.item() - expected) <= 1e-6, f"got {weight.item()}, expected {expected}"
