"""static-as-first-called: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program passes the gradients that
the eager one passes, whatever its first call asked for. Instead: Whether gradients go back is decided at the first
call of a shape: after one under no_grad, or with a weight that did not learn, no later call has any, and nothing
says so."""
import paddle

layer = paddle.nn.Linear(1, 1)
function = paddle.jit.to_static(layer, full_graph=True)
with paddle.no_grad():
    function(paddle.ones([1, 1]))
output = function(paddle.ones([1, 1]))
assert not output.stop_gradient, "got an output without gradient, expected one with"
