import paddle
from paddle.distributed.fleet.utils import recompute

paddle.set_device("cpu")
x = paddle.to_tensor([2.0], stop_gradient=False)
try:
    recompute(lambda x: x * x, x, use_reentrant=False).backward()
except RuntimeError as error:
    raise AssertionError("recompute without the reentrant form is refused on a CPU") from error
assert x.grad.item() == 4.0
