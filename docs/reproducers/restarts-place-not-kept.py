"""restarts-place-not-kept: paddle >=2.6.2, <3.4. Promised: The rate follows half a cosine down, and begins again.
Instead: CosineAnnealingWarmRestarts.state_dict holds the epoch and the rate, but neither how long ago the last
restart was nor how long the cycle is: after set_state_dict the schedule goes on from its first epoch."""
import paddle

make = lambda: paddle.optimizer.lr.CosineAnnealingWarmRestarts(1.0, T_0=8)
whole, resumed = make(), make()
for _ in range(4):
    whole.step()
resumed.set_state_dict(whole.state_dict())
whole.step()
resumed.step()
got, expected = resumed(), whole()
assert got == expected, f"got a rate of {got} after the resumption, expected {expected}"
