"""cross-entropy-soft-one-weight-a-row: paddle >=2.6.2, <3.4. Promised: -sum t w log p, whose mean is over rows
whatever the classes weigh. Instead: With class weights a row's loss is multiplied by the mean weight of its soft
label, and the mean divides by the sum of those: 1.11 for 1.94. Classes that are not the last axis are refused, or,
where that is as long, weighed along it. And the gradient is p - t also where the labels do not sum to 1, where that
of the loss is p * sum(t) - t."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1.3289201461576097, 0.45278212801918283, 0.10402812265033176, 1.336483756170336, 1.573051980971988]], 'float64'), stop_gradient=False)
target = paddle.to_tensor(np.array([[0.70279911446621, 0.7994989337063257, 0.1872738501318647, 0.02477563426456142, 0.2285339794375707]], 'float64'))
output = (lambda loss: loss.squeeze(1) if loss.ndim == x.ndim else loss)(paddle.nn.CrossEntropyLoss(None, reduction='none', soft_label=True, axis=1)(x, target))
cotangent = paddle.to_tensor(np.array([0.6813688107578953], 'float64'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 4]
expected = 0.2673567026080297
assert abs(got - expected) <= 2.5e-15, f"got {got}, expected {expected}"
