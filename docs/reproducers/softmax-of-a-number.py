"""softmax-of-a-number: paddle >=2.6.2, <3.4. Promised: exp(x) / sum exp(x) along any axis. Instead: The softmax of
a 0-d tensor is 1 whatever it holds, NaN and infinities too, for which torch gives NaN."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(np.nan, 'float32'))
def _axis(f):
    return 'dim' if f.__name__ == 'torch' else 'axis'
def _in_way(f, name, x, axis, how):
    if 'function' == 'module':
        return getattr(f.nn, {'softmax': 'Softmax', 'log_softmax': 'LogSoftmax'}[name])(0)(x)
    if 'function' == 'method' and hasattr(x, name):
        return getattr(x, name)(0)
    return getattr(f.nn.functional, name)(x, **{_axis(f): 0})
got = np.asarray(_in_way(paddle, 'softmax', x, 0, 'function'))[()]
assert np.isnan(got), f"got {got}, expected NaN"
