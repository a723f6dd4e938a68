"""positions-kl-div-four: paddle >=2.6.2, <3.0. Promised: The sum of t (log t - x), by reduction at the fifth place.
Instead: kl_div takes four arguments, as it has no log_target yet."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.12573022, -0.13210486, 0.64042264], [0.104900114, -0.5356694, 0.36159506], [1.304, 0.94708097, -0.70373523]], [[-1.2654215, -0.62327445, 0.04132598], [-2.3250308, -0.21879166, -1.245911], [-0.7322674, -0.544259, -0.31630015]]]], 'float32'), stop_gradient=False)
target = paddle.to_tensor(np.array([[[[0.41163054, 0.88948786, 0.9340435], [0.3577952, 0.5715298, 0.35151008], [0.90347016, 0.0940123, 0.391619]], [[0.89027435, 0.2271576, 0.22019513], [0.08401535, 0.83264416, 0.7870983], [0.5408456, 0.21465912, 0.3553727]]]], 'float32'))
try:
    output = paddle.nn.functional.kl_div(x, target, None, None, 'sum')
    cotangent = paddle.to_tensor(np.array(-1.2883614, 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
