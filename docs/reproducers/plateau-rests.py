"""plateau-rests: paddle >=2.6.2, <3.4. Promised: The rate falls when a metric has not become better for longer than
the patience. Instead: ReduceOnPlateau looks at no metric while it cools down: one that is the best so far is not
remembered, and later ones count as better that are not."""
import paddle

scheduler = paddle.optimizer.lr.ReduceOnPlateau(1.0, factor=0.5, patience=0, cooldown=1, threshold=0.0)
for metric in (1.0, 2.0, 0.0, 0.5):  # the rate is reduced at 2, and rests at 0
    scheduler.step(metric)
got = scheduler()
assert got == 0.25, f"got a rate of {got}, expected 0.25, as 0.5 is no better than 0"
