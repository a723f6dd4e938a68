"""adaptive-one-label-refused: paddle >=3.0, <3.1.1. Promised: The log-probability of the label in the head or,
times that of its cluster, in the cluster; minus their mean. Instead: A batch in which the head or a cluster has one
label and no more is refused."""
import paddle

layer = paddle.nn.AdaptiveLogSoftmaxWithLoss(8, 3, [2], div_value=2.0)
expected = -1.0986123  # log(1/3), of two classes and one cluster
try:
    got = layer(paddle.zeros([1, 8]), paddle.to_tensor([0]))[0].item()
except ValueError:
    got = float("inf")
assert abs(got - expected) < 1e-5, f"got {got}, expected {expected}"
