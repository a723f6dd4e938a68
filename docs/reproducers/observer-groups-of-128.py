"""observer-groups-of-128: paddle >=2.6.2, <3.4. Promised: The scale of an observer is the largest size that it has
seen, of all or of groups of rows in each column, whether or not it was asked for on the way. Instead:
GroupWiseWeightObserver does not pass its group_size on: it groups by 128 where 64 was asked for, and refuses 64
rows."""
import paddle
from paddle.quantization import PTQ, QuantConfig
from paddle.quantization.observers import GroupWiseWeightObserver

model = paddle.nn.Sequential(paddle.nn.Linear(128, 1))
model[0].weight.set_value(paddle.concat([paddle.ones([64, 1]), 2 * paddle.ones([64, 1])]))
model.eval()
observed = PTQ(QuantConfig(activation=None, weight=GroupWiseWeightObserver(group_size=64))).quantize(model)
observed(paddle.ones([1, 128]))
got, expected = observed[0].weight_quanter.scales().tolist(), [[1.0], [2.0]]
assert got == expected, f"got {got}, expected {expected}"
