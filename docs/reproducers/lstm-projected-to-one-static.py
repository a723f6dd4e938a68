"""lstm-projected-to-one-static: paddle+static >=3.0, <3.4. Promised: Simple RNN, LSTM and GRU layers agree from
any initial state, in all results and gradients, those of it too. Instead: An LSTM that is projected to one number
cannot be compiled as a whole graph for a batch of one sequence: it raises RuntimeError, as its loop begins with an
array of one type and ends with one of another. Batches of two are right."""
import paddle

layer = paddle.jit.to_static(paddle.nn.LSTM(1, 2, proj_size=1), full_graph=True)
try:
    shape = tuple(layer(paddle.ones([1, 1, 1]))[0].shape)
except RuntimeError as error:
    raise AssertionError(f"got RuntimeError, expected an output of shape (1, 1, 1): {error}") from None
assert shape == (1, 1, 1)
