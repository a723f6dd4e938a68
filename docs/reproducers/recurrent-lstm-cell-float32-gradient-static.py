"""recurrent-lstm-cell-float32-gradient-static: paddle+static=ast >=3.0, <3.4. Promised: One step of an LSTM.
Instead: A float64 cell that is given no states makes float32 ones: eagerly that is an error
(recurrent-lstm-cell-float32-states), compiled the gradient of weight_hh is float32."""
import paddle

cell = paddle.nn.LSTMCell(2, 3)
cell.to(dtype="float64")
x = paddle.ones([1, 2], dtype="float64")
weight = cell.weight_hh
output, _ = paddle.jit.to_static(cell, full_graph=True)(x)
[gradient] = paddle.grad([output.sum()], [weight])
print("weight:", weight.dtype, "gradient:", gradient.dtype)
assert gradient.dtype == weight.dtype, "the gradient of a float64 weight is float32"
