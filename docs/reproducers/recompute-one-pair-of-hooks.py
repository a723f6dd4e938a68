"""recompute-one-pair-of-hooks: paddle >=3.0, <3.4. Promised: A recomputed block has the value, gradients, mask and
following random numbers of one that is kept. Instead: With use_reentrant=False a recomputed block within a
recomputed block is refused: only one pair of hooks is allowed at a time. With use_reentrant=True it works."""
import paddle
from paddle.distributed.fleet.utils import recompute

x = paddle.to_tensor([2.0], stop_gradient=False)
try:
    recompute(lambda x: recompute(lambda x: x * x, x, use_reentrant=False), x, use_reentrant=False).backward()
    got = x.grad.item()
except ValueError as error:
    got = f"ValueError: {error}"
assert got == 4.0, f"gradient of x * x at 2: got {got}, expected 4.0"
