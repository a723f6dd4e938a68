"""cross-entropy-soft-target-no-gradient: paddle >=2.6.2, <3.4. Promised: The gradient of a soft label is -log p.
Instead: No gradient reaches the soft labels, so that a teacher or a mixup of labels cannot be learned."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[[2.0, 2.0], [2.0, -2.0]]], [[[-1.0, 1.0], [-3.0, -4.0]]]]], 'float32'))
target = paddle.to_tensor(np.array([[[[[0.23495927, 0.4356847], [0.037995894, 0.5838163]]], [[[0.04450973, 0.001], [0.34343544, 0.22411837]]]]], 'float32'), stop_gradient=False)
output = (lambda loss: loss.squeeze(1) if loss.ndim == x.ndim else loss)(paddle.nn.CrossEntropyLoss(reduction='mean', soft_label=True, axis=1)(x, target))
cotangent = paddle.to_tensor(np.array(3.0, 'float32'))
got = paddle.grad([output], [target], [cotangent], allow_unused=True)[0]
assert got is not None, "gradient.target is missing"
