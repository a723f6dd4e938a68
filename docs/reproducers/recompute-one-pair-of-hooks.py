import paddle
from paddle.distributed.fleet.utils import recompute

x = paddle.to_tensor([2.0], stop_gradient=False)
try:
    recompute(lambda x: recompute(lambda x: x * x, x, use_reentrant=False), x, use_reentrant=False).backward()
except ValueError as error:
    raise AssertionError("a recomputed block within a recomputed block is refused") from error
assert x.grad.item() == 4.0
