"""log-softmax-sum-rounded: torch >=2.4.1, <2.16. Promised: x - log(sum exp(x)) along any axis. Instead: In float16
the sum of the exponentials, its logarithm, and that plus the largest logit are each rounded to float16:
log_softmax([0, -2.29102])[0] is -0.09674, right is -0.09637."""
import numpy as np
import torch

x = torch.tensor(np.array([0.0, -2.291], 'float16'))
def _axis(f):
    return 'dim' if f.__name__ == 'torch' else 'axis'
def _in_way(f, name, x, axis, how):
    if 'function' == 'module':
        return getattr(f.nn, {'softmax': 'Softmax', 'log_softmax': 'LogSoftmax'}[name])(0)(x)
    if 'function' == 'method' and hasattr(x, name):
        return getattr(x, name)(0)
    return getattr(f.nn.functional, name)(x, **{_axis(f): 0})
got = np.asarray(_in_way(torch, 'log_softmax', x, 0, 'function'))
expected = np.array([-0.0963675, -2.38738], 'float64')
allowed = np.array([9.5e-05, 0.0024], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
