"""gain-own-names: paddle >=2.6.2, <3.2. Promised: The gain of an activation is the documented number. Instead:
calculate_gain knows transposed convolutions as conv1d_transpose and the like alone, not by torch's names."""
import paddle

try:
    {'gain': float(paddle.nn.initializer.calculate_gain('conv_transpose2d', None))}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
