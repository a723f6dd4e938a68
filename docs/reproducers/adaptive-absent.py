"""adaptive-absent: paddle >=2.6.2, <3.0. Promised: The log-probability of the label in the head or, times that of
its cluster, in the cluster; minus their mean. Instead: There is no AdaptiveLogSoftmaxWithLoss."""
import paddle

try:
    layer = paddle.nn.AdaptiveLogSoftmaxWithLoss(8, 3, [2], div_value=2.0)
except AttributeError as error:
    raise AssertionError(f"got {error}, expected a layer") from error
got = layer(paddle.zeros([2, 8]), paddle.to_tensor([0, 1]))[0].tolist()
expected = -1.0986123  # log(1/3), of two classes and one cluster
assert all(abs(each - expected) < 1e-5 for each in got), f"got {got}, expected {expected} twice"
