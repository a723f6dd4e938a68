"""kl-div-no-log-target: paddle >=2.6.2, <3.0. Promised: target (log target - x), or exp(target) (target - x), and
its gradient for both. Instead: kl_div has no log_target; and as kl-div-no-gradient-of-target."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.125], 'float32'), stop_gradient=False)
target = paddle.to_tensor(np.array([0.5], 'float32'), stop_gradient=False)
try:
    output = paddle.nn.KLDivLoss(reduction='mean', **{'log_target': True})(x, target)
    cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
    paddle.grad([output], [x, target], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
