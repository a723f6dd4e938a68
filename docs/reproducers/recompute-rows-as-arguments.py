"""recompute-rows-as-arguments: paddle >=3.1, <3.4. Promised: Layers that are recomputed by segments give the value
and the gradients of the same layers in a row. Instead: recompute_sequential with two segments or more hands the
rows of a segment's result to the next one as arguments: a batch of several rows is refused, and one row comes out
without its axis, as [2] for [1, 2]."""
import numpy as np
import paddle
from paddle.incubate.distributed.fleet import recompute_sequential

layers = [paddle.nn.Linear(*weight.shape, bias_attr=False) for weight in [np.array([[1.0, 0.0], [0.0, -1.0]], 'float32'), np.array([[-1.0, -1.0], [-1.0, -1.0]], 'float32')]]
for layer, weight in zip(layers, [np.array([[1.0, 0.0], [0.0, -1.0]], 'float32'), np.array([[-1.0, -1.0], [-1.0, -1.0]], 'float32')], strict=True):
    layer.weight.set_value(weight)
given = paddle.to_tensor(np.array([[-2.0, 2.0]], 'float32'), stop_gradient=False)
output = recompute_sequential({'segments': 2}, paddle.nn.Sequential(*layers), given)
(output * output).sum().backward()
got = output
assert tuple(got.shape) == (1, 2), f"got shape {tuple(got.shape)}"
