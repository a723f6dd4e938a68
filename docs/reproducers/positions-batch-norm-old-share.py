"""positions-batch-norm-old-share: paddle >=2.6.2, <3.4. Promised: The running mean after a batch, by whether it is
training and the share of the batch. Instead: momentum is the share of the old statistics: batch_norm(x, mean,
variance, None, None, True, 0.1) leaves a tenth of them, where torch's keeps nine tenths."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.12573022, -0.13210486, 0.64042264, 0.104900114], [-0.5356694, 0.36159506, 1.304, 0.94708097], [-0.70373523, -1.2654215, -0.62327445, 0.04132598], [-2.3250308, -0.21879166, -1.245911, -0.7322674]], [[-0.544259, -0.31630015, 0.41163054, 1.0425134], [-0.12853466, 1.3664634, -0.6651947, 0.35151008], [0.90347016, 0.0940123, -0.7434993, -0.9217254], [-0.45772582, 0.22019513, -1.0096182, -0.20917557]]]], 'float32'))
mean = paddle.to_tensor(np.array([-0.15922502, 0.5408456], 'float32'))
mean, variance = (mean.clone(), paddle.ones_like(mean))
paddle.nn.functional.batch_norm(x, mean, variance, None, None, True, 0.25)
got = np.ravel(mean)[1]
expected = 0.396161715
assert abs(got - expected) <= 1.9e-07, f"got {got}, expected {expected}"
