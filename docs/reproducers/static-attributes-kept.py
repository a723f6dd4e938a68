"""static-attributes-kept: paddle+static=ast >=2.6.2, <3.4. Promised: Statistics, buffers, weights and random
numbers go on from call to call as they do in the eager model. Instead: What a layer's numbers and switches were at
the first call is kept: another momentum of a batch norm, and eval() of a part of a model, change nothing later."""
import paddle

model = paddle.nn.Sequential(paddle.nn.Dropout(0.5))
function = paddle.jit.to_static(model, full_graph=True)
function(paddle.ones([256]))
model[0].eval()
dropped = int((function(paddle.ones([256])) == 0).sum())
assert not dropped, f"got {dropped} dropped by a part that is evaluated, expected none"
