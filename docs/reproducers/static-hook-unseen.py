import paddle

model = paddle.nn.Sequential(paddle.nn.ReLU())
function = paddle.jit.to_static(model, full_graph=True)
function(paddle.ones([1]))
model[0].register_forward_post_hook(lambda layer, given, output: output * 3.0)
got = function(paddle.ones([1])).item()
assert got == 3.0, f"got {got}, expected 3.0"
