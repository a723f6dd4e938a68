"""The gradient of a float64 weight of a cell is float32 where the cell is compiled and given no states."""
import paddle

cell = paddle.nn.LSTMCell(2, 3)
cell.to(dtype="float64")
x = paddle.ones([1, 2], dtype="float64")
weight = cell.weight_hh
output, _ = paddle.jit.to_static(cell, full_graph=True)(x)
[gradient] = paddle.grad([output.sum()], [weight])
print("weight:", weight.dtype, "gradient:", gradient.dtype)
assert gradient.dtype == weight.dtype, "the gradient of a float64 weight is float32"
