"""begun-from-the-first-rate: paddle >=2.6.2, <3.4. Promised: A schedule that is begun with last_epoch goes on with
the rates that it would have had. Instead: CosineAnnealingDecay and LinearLR that are begun with last_epoch multiply
the first rate, where they need the last one: LinearLR from 0.25 to 1 goes on at 1.6 after its first epoch, and
right is 0.4. CosineAnnealingWarmRestarts takes more restarts than one for one."""
import paddle

whole = paddle.optimizer.lr.LinearLR(1.0, 5, start_factor=0.25)
whole.step()
got = paddle.optimizer.lr.LinearLR(1.0, 5, start_factor=0.25, last_epoch=0)()
assert abs(got - whole()) < 1e-9, f"got a rate of {got}, expected {whole()}"
