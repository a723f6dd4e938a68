"""clear-grad-leaves-zeros: paddle >=2.6.2, <3.4. Promised: Clearing by optimizer or layer leaves no gradient
(None), and the next pass starts from nothing. Instead: clear_grad and clear_gradients leave zeros (set_to_zero is
True by default), torch's zero_grad leaves None: what asks whether a parameter has a gradient gets another
answer."""
import paddle

weight = paddle.create_parameter([1], "float32", default_initializer=paddle.nn.initializer.Constant(0.0))
optimizer = paddle.optimizer.SGD(0.1, parameters=[weight])
weight.sum().backward()
optimizer.clear_grad()
assert weight.grad is None, f"the gradient after clear_grad is {weight.grad.numpy()}"
