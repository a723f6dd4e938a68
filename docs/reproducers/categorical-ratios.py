"""categorical-ratios: paddle >=2.6.2, <3.4. Promised: A class with a probability that is the softmax of scores, one
for each element of a batch. Instead: log_prob is the logarithm of a score divided by the sum of the scores, while
sample, entropy and kl_divergence take their softmax; and it scores every value in every row: [2, 2] for [2]."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array([0, 1], 'int64'))
logits = paddle.to_tensor(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], 'float32'))
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'log_prob')
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
got = asked(paddle.distribution.Categorical, 'log_prob', value, logits)
assert tuple(got.shape) == (2,), f"got shape {tuple(got.shape)}"
