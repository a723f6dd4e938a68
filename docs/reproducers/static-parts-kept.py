"""static-parts-kept: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program reads numbers, weights and parts
as they are at each call, and counts every call. Instead: Weights and parts that are replaced after the first call
go on to be used: the new weight changes nothing and gets no gradient."""
import paddle

layer = paddle.nn.Linear(1, 1)
function = paddle.jit.to_static(layer, full_graph=True)
function(paddle.ones([1, 1]))
constant = paddle.nn.initializer.Constant(5.0)
layer.weight = paddle.create_parameter([1, 1], "float32", default_initializer=constant)
got = function(paddle.ones([1, 1])).item()
assert got == 5.0, f"got {got} of the weight that is no more, expected 5.0"
