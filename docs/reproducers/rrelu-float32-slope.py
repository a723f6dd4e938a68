"""rrelu-float32-slope: paddle >=2.6.2, <3.4. Promised: In evaluation the slope of what is negative is the mean of
both bounds. Instead: The mean slope is kept in float32, in float64 too: results are off by 2e-8. And the gradient
at exactly 0 is 1 rather than the mean slope."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(0.0, 'float32'), stop_gradient=False)
def _evaluated(f, x, bounds, how):
    if 'module' == 'function':
        return f.nn.functional.rrelu(x, *(0.125, 0.3333333333333333), training=False)
    module = f.nn.RReLU(*(0.125, 0.3333333333333333))
    module.eval()
    return module(x)
output = _evaluated(paddle, x, (0.125, 0.3333333333333333), 'module')
cotangent = paddle.to_tensor(np.array(0.64042264, 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[()]
expected = 0.1467635222
assert abs(got - expected) <= 2.7e-08, f"got {got}, expected {expected}"
