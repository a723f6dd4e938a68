"""recompute-reentrant-on-cpu: paddle >=2.6.2, <3.0 on cpu. Promised: A recomputed block has the value, gradients,
mask and following random numbers of one that is kept. Instead: On a CPU recompute with use_reentrant=False is
refused, since no random state is kept there."""
import paddle
from paddle.distributed.fleet.utils import recompute

paddle.set_device("cpu")
x = paddle.to_tensor([2.0], stop_gradient=False)
try:
    recompute(lambda x: x * x, x, use_reentrant=False).backward()
except RuntimeError as error:
    raise AssertionError("recompute without the reentrant form is refused on a CPU") from error
assert x.grad.item() == 4.0
