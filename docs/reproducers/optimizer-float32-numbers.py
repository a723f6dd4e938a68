"""optimizer-float32-numbers: paddle >=2.6.2, <3.4. Promised: SGD with momentum, Nesterov's too, moves parameters by
the formula. Instead: The kernel takes the momentum, and the decay that is part of it, as float32: with float64
parameters a momentum of 0.9 is one of 0.8999999761581421. A rate is exact."""
import paddle

weight = paddle.create_parameter([1], "float64", default_initializer=paddle.nn.initializer.Constant(0.0))
optimizer = paddle.optimizer.Momentum(1.0, 0.9, parameters=[weight])
for _ in range(2):
    weight.sum().backward()
    optimizer.step()
    optimizer.clear_grad()
got = weight.item()
assert abs(got + 2.9) <= 1e-12, f"got {got}, expected -2.9"
