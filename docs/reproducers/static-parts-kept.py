import paddle

layer = paddle.nn.Linear(1, 1)
function = paddle.jit.to_static(layer, full_graph=True)
function(paddle.ones([1, 1]))
constant = paddle.nn.initializer.Constant(5.0)
layer.weight = paddle.create_parameter([1, 1], "float32", default_initializer=constant)
got = function(paddle.ones([1, 1])).item()
assert got == 5.0, f"got {got} of the weight that is no more, expected 5.0"
