"""fused-dropout-add-on-gpu: paddle >=2.6.2, <3.0. Promised: fused_dropout_add drops each element of the first for
itself, divides the others by 1 - p, and adds. Instead: The CPU has no kernel of fused_dropout_add."""
import paddle
from paddle.incubate.nn.functional import fused_dropout_add

try:
    fused_dropout_add(paddle.ones([2]), paddle.ones([2]), p=0.5)
except Exception as error:
    raise AssertionError(f"got {error}, expected a sum") from error
