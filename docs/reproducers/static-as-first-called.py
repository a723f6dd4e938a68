import paddle

layer = paddle.nn.Linear(1, 1)
function = paddle.jit.to_static(layer, full_graph=True)
with paddle.no_grad():
    function(paddle.ones([1, 1]))
output = function(paddle.ones([1, 1]))
assert not output.stop_gradient, "got an output without gradient, expected one with"
