"""adam-float32-betas: paddle >=2.6.2, <3.4. Promised: One Adam step from equal state and gradient gives the same
parameters, moments and step count. Instead: Adam rounds beta1 and beta2 to float32 before it forms 1 - beta, and
keeps beta**t as a chain of float32 products: v comes out 1.3e-5 smaller (relative) for beta2 = 0.999."""
import paddle

weight = paddle.create_parameter([1], "float32", default_initializer=paddle.nn.initializer.Constant(0.0))
optimizer = paddle.optimizer.Adam(1e-3, beta2=0.999, parameters=[weight])
weight.sum().backward()
optimizer.step()
got = next(value.item() for name, value in optimizer.state_dict().items() if "moment2" in name)
assert abs(got - 0.001) <= 1e-9, f"second moment after a gradient of 1: got {got}, expected 0.001"
