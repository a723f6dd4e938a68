"""adaptive-head-alone: paddle >=3.0, <3.4. Promised: How many numbers each parameter holds that an optimizer is
given: of the head, and of each cluster. Instead: The weights of the clusters are no parameters of
AdaptiveLogSoftmaxWithLoss: parameters() and state_dict() hold the head alone, so that an optimizer leaves the
clusters as they were drawn and a checkpoint loses them."""
import numpy as np
import paddle

def _numbers(layer):
    return np.array(sorted((int(np.prod(each.shape)) for each in layer.parameters())), np.int64)
WIDTH = 8
got = _numbers(paddle.nn.AdaptiveLogSoftmaxWithLoss(WIDTH, [2, 4][-1], [2, 4][:-1], div_value=2.0, head_bias=False))
assert tuple(got.shape) == (3,), f"got shape {tuple(got.shape)}"
