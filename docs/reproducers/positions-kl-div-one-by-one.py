"""positions-kl-div-one-by-one: paddle >=3.0, <3.4. Promised: The sum of t (log t - x), by reduction at the fifth
place. Instead: The third argument of kl_div is the reduction, and None is none: kl_div(x, target, None, None,
'sum') takes 'sum' for a name and gives a loss for each element."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.12573022, -0.13210486, 0.64042264], [0.104900114, -0.5356694, 0.36159506], [1.304, 0.94708097, -0.70373523]], [[-1.2654215, -0.62327445, 0.04132598], [-2.3250308, -0.21879166, -1.245911], [-0.7322674, -0.544259, -0.31630015]]]], 'float32'))
target = paddle.to_tensor(np.array([[[[0.41163054, 0.88948786, 0.9340435], [0.3577952, 0.5715298, 0.35151008], [0.90347016, 0.0940123, 0.391619]], [[0.89027435, 0.2271576, 0.22019513], [0.08401535, 0.83264416, 0.7870983], [0.5408456, 0.21465912, 0.3553727]]]], 'float32'))
got = paddle.nn.functional.kl_div(x, target, None, None, 'sum')
assert tuple(got.shape) == (), f"got shape {tuple(got.shape)}"
