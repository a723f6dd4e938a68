"""static-hook-unseen: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program reads numbers, weights and
parts as they are at each call, and counts every call. Instead: A hook that is added to a part of a model after the
first call is not called."""
import paddle

model = paddle.nn.Sequential(paddle.nn.ReLU())
function = paddle.jit.to_static(model, full_graph=True)
function(paddle.ones([1]))
model[0].register_forward_post_hook(lambda layer, given, output: output * 3.0)
got = function(paddle.ones([1])).item()
assert got == 3.0, f"got {got}, expected 3.0"
