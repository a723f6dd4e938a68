"""recurrent-lstm-cell-float32-states: paddle >=2.6.2, <3.4. Promised: One step of an LSTM. Instead: A cell that is
given no states makes them of the default dtype rather than of the dtype of its input, and raises an error for
float64."""
import paddle

cell = paddle.nn.LSTMCell(1, 1).to(dtype="float64")
try:
    cell(paddle.ones([1, 1], "float64"))
except Exception as error:
    raise AssertionError(f"got {error}, expected a state of float64") from error
