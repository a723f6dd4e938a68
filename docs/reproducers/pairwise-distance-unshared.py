"""pairwise-distance-unshared: paddle >=2.6.2, <3.4. Promised: The p-norm of the difference plus eps along the last
axis. Instead: The gradient of a distance of 0 is NaN, in torch 0. For p = inf every one of several equal largest
differences gets the whole gradient, in torch its share. And the root has a float32 exponent in float64 too: for p =
3 a distance is off by 2e-7."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([2.1178387550510482, -1.1120207626922813, -0.0], 'float64'))
y = paddle.to_tensor(np.array([-0.5140063716874629, -1.6480751708556527, 0.16746474422274113], 'float64'))
got = np.asarray(paddle.nn.PairwiseDistance(3.0, 1e-06, False)(x, y))[()]
expected = 2.639462944897826
assert abs(got - expected) <= 5.6e-15, f"got {got}, expected {expected}"
