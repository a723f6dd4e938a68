"""step-after-clear-grad-moves: paddle >=2.6.2, <3.4. Promised: A step after clearing, with no backward pass
between, leaves every parameter where it is. Instead: Because clear_grad leaves zeros, a step without a new gradient
still applies momentum and weight decay: parameters that take no part in a pass keep moving, and torch's do not."""
import numpy as np
import paddle

parameter = paddle.to_tensor(np.array([1.0], 'float32'))
gradient = paddle.to_tensor(np.array([1.0], 'float32'))
leaf = paddle.create_parameter(parameter.shape, 'float32')
leaf.set_value(parameter)
optimizer = paddle.optimizer.Momentum(0.5, 0.5, [leaf], weight_decay=0.0)
leaf.backward(gradient)
optimizer.step()
moved = leaf.detach().clone()
optimizer.clear_grad()
optimizer.step()
got = np.ravel(leaf)[0]
expected = 0.5
assert abs(got - expected) <= 9.6e-07, f"got {got}, expected {expected}"
