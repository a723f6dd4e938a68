"""linear-jump: paddle >=2.6.2, <3.4. Promised: The rate goes from one part of itself to another in equal steps.
Instead: LinearLR.step(epoch) multiplies the present rate by the ratio of that epoch to the one before it, so that
from the start it gives the rate of an epoch only if that is the next one."""
import paddle

scheduler = paddle.optimizer.lr.LinearLR(1.0, total_steps=4, start_factor=0.5)
scheduler.step(3)
got, expected = scheduler(), 0.5 + 0.5 * 3 / 4
assert abs(got - expected) <= 1e-12, f"got a rate of {got}, expected {expected}"
