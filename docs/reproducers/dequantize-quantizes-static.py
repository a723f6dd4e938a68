"""dequantize-quantizes-static: paddle+static=ast >=3.0, <3.4. Promised: x becomes the nearest whole number of steps
plus the zero point, ties to even, within -128 and 127, and back. Instead: A LinearDequanter in a compiled program
quantises once more, where an eager one multiplies by the step: of steps of 0.25 the number -2 becomes -8, where it
stands for -0.5."""
import paddle
from paddle.nn.quant.format import LinearDequanter

step, whole = 0.25, paddle.to_tensor([-2.0, 1.0, 100.0])
back = LinearDequanter(127 * step, 0.0)
eager = back(whole).numpy()
compiled = paddle.jit.to_static(back, full_graph=True)(whole).numpy()
print("eager:", eager, "compiled:", compiled)
assert (compiled == step * whole.numpy()).all(), "what goes back from whole numbers to real ones quantises again"
