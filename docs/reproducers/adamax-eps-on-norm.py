"""adamax-eps-on-norm: paddle >=2.6.2, <3.4. Promised: Adamax moves parameters by the formula. Instead: eps is added
to the decayed norm before the maximum is taken, where torch adds it to the gradient's size: a gradient larger than
the norm is divided without eps, and the norm of a parameter without gradients grows by eps at each step. The betas
and eps are float32 of float64 parameters too."""
import paddle

weight = paddle.create_parameter([1], "float32", default_initializer=paddle.nn.initializer.Constant(0.0))
optimizer = paddle.optimizer.Adamax(1.0, epsilon=0.5, parameters=[weight])
weight.sum().backward()
optimizer.step()
got, expected = weight.item(), -1 / (1 + 0.5)
assert abs(got - expected) <= 1e-6, f"got {got}, expected {expected}"
