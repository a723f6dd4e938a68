"""kl-categorical-kept-axis: paddle >=2.6.2, <3.4. Promised: Of two choices of a class, one for each of a batch.
Instead: The axis of the classes is kept with the length 1: [B, 1] for [B]."""
import numpy as np
import paddle

logits = paddle.to_tensor(np.array([1.0, 2.0], 'float32'))
logits_ = paddle.to_tensor(np.array([0.5, 1.0], 'float32'))
got = paddle.distribution.kl_divergence(paddle.distribution.Categorical(logits), paddle.distribution.Categorical(logits_))
assert tuple(got.shape) == (), f"got shape {tuple(got.shape)}"
