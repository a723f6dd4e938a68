"""margin-ranking-quiet: paddle >=2.6.2, <3.4. Promised: max(0, -t (x - other) + margin); no gradient exactly at the
margin. Instead: The loss of NaN is 0: its relu gives 0 for NaN, and a diverged model looks trained. And with a
margin the loss of numbers without axes has shape [1]."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([np.inf, -0.5894313, -0.0, 0.8298553, -0.0], 'float32'))
other = paddle.to_tensor(np.array([np.inf, -0.39619035, -1.0913289, -1.3552088, np.nan], 'float32'))
target = paddle.to_tensor(np.array([-1.0, -1.0, 1.0, -1.0, 1.0], 'float32'))
got = np.asarray(paddle.nn.MarginRankingLoss(0.0, reduction='mean')(x, other, target))[()]
assert np.isnan(got), f"got {got}, expected NaN"
