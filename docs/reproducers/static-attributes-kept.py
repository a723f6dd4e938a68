import paddle

model = paddle.nn.Sequential(paddle.nn.Dropout(0.5))
function = paddle.jit.to_static(model, full_graph=True)
function(paddle.ones([256]))
model[0].eval()
dropped = int((function(paddle.ones([256])) == 0).sum())
assert not dropped, f"got {dropped} dropped by a part that is evaluated, expected none"
