"""recompute-containers-untracked: paddle >=2.6.2, <3.4. Promised: Tensors that a recomputed block takes in a list
or a dictionary have their gradients, as without it. Instead: recompute takes no gradient to tensors in a list or a
dictionary in its default form: for a dictionary they have none, and a list fails in the backward pass. Tensors in a
tuple are right."""
import numpy as np
import paddle
from paddle.distributed.fleet.utils import recompute

try:
    NAMES = ('gradient.x', 'gradient.weight')
    given = [paddle.to_tensor(each, stop_gradient=False) for each in (np.array([[3.0]], 'float32'), np.array([[1.0]], 'float32'))]
    if 'list' == 'list':
        output = recompute(lambda pair: pair[0] * pair[0] * pair[1], given)
    else:
        output = recompute(lambda pair: pair['a'] * pair['a'] * pair['b'], dict(zip('ab', given, strict=True)))
    output.sum().backward()
    found = {name: each.grad for name, each in zip(NAMES, given, strict=True)}
    {name: each for name, each in found.items() if each is not None} or {'none': True}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
