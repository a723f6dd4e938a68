"""group-keys-unknown-paddle: paddle >=2.6.2, <3.4. Promised: A key of a group of parameters changes its steps, or
is refused. Instead: A key of a group that the optimizer does not know is kept and ignored: lr, betas, eps and alpha
of a torch program change nothing, so that a head with a rate of its own trains at the rate of the body."""
import paddle

weights = [paddle.create_parameter([1], "float32") for _ in range(2)]
for weight in weights:
    weight.set_value(paddle.ones([1]))
groups = [{"params": weights[:1]}, {"params": weights[1:], "lr": 0.001}]
optimizer = paddle.optimizer.SGD(0.1, parameters=groups)
sum(weight.sum() for weight in weights).backward()
optimizer.step()
got, expected = weights[1].item(), 1 - 0.001
assert abs(got - expected) < 1e-6, f"got {got}, expected {expected}"
