"""recompute-reentrant-on-cpu: paddle >=2.6.2, <3.0 on cpu. Promised: A recomputed block has the value, gradients,
mask and following random numbers of one that is kept. Instead: On a CPU recompute with use_reentrant=False is
refused, since no random state is kept there."""
import paddle
from paddle.distributed.fleet.utils import recompute

paddle.set_device("cpu")
x = paddle.to_tensor([2.0], stop_gradient=False)
try:
    recompute(lambda x: x * x, x, use_reentrant=False).backward()
    got = x.grad.item()
except RuntimeError as error:
    got = f"RuntimeError: {error}"
assert got == 4.0, f"gradient of x * x at 2: got {got}, expected 4.0"
