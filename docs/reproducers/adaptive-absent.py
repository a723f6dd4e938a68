"""adaptive-absent: paddle >=2.6.2, <3.0. Promised: The log-probability of the label in the head or, times that of
its cluster, in the cluster; minus their mean. Instead: There is no AdaptiveLogSoftmaxWithLoss."""
import paddle

expected = -1.0986123  # log(1/3), of two classes and one cluster
try:
    layer = paddle.nn.AdaptiveLogSoftmaxWithLoss(8, 3, [2], div_value=2.0)
    got = layer(paddle.zeros([2, 8]), paddle.to_tensor([0, 1]))[0].tolist()
except AttributeError:
    got = []
assert len(got) == 2 and max(abs(each - expected) for each in got) < 1e-5, f"got {got}, expected {expected} twice"
