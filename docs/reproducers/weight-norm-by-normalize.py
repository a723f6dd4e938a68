"""weight-norm-by-normalize: paddle >=2.6.2, <3.4. Promised: A weight is g v / |v|, of the length of each slice
along an axis, or of all; an axis of -1 means all. Instead: The direction is divided by the larger of its length and
1e-12: one of length 0 gives the weight 0 where the formula and torch give NaN. And 1e-12 is added where the
gradient is divided by the length: 0.488419172347625 for 0.488419172347941."""
import math

import paddle

layer = paddle.nn.utils.weight_norm(paddle.nn.Linear(2, 1), dim=1)
layer.weight_v.set_value(paddle.zeros([2, 1]))
layer(paddle.ones([1, 2]))
got = layer.weight.flatten().tolist()
assert all(math.isnan(number) for number in got), f"got the weight {got}, expected NaN, which is g * 0 / 0"
