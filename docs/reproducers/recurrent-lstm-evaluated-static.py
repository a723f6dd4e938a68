"""recurrent-lstm-evaluated-static: paddle+static=ast >=2.6.2, <3.4. Promised: Results, last states and all
gradients of LSTM layers. Instead: A layer that is compiled while it is in evaluation passes no gradient at all,
neither to its input nor to its weights, and nothing says so."""
import paddle

layer = paddle.nn.LSTM(2, 3)
layer.eval()
x = paddle.ones([1, 2, 2])
x.stop_gradient = False
output, _ = paddle.jit.to_static(layer, full_graph=True)(x)
print("stop_gradient of the output:", output.stop_gradient)
output.sum().backward()
print("gradient of the input:", x.grad)
assert x.grad is not None, "an evaluated layer that is compiled passes no gradient to its input"
