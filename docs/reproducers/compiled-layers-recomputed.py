"""compiled-layers-recomputed: paddle+static >=3.0, <3.4. Promised: Recomputation is a second pass: the running
statistics of a batch norm take the batch twice. Instead: A layer compiled by to_static cannot be recomputed: the
backward pass fails, since none of its outputs asks for a gradient."""
import paddle
from paddle.distributed.fleet.utils import recompute

layer = paddle.jit.to_static(paddle.nn.Linear(2, 2), full_graph=True)
x = paddle.ones([1, 2])
x.stop_gradient = False
try:
    recompute(lambda x: layer(x), x).sum().backward()
except (OSError, RuntimeError) as error:
    raise AssertionError("the backward pass through a compiled layer that is recomputed fails") from error
