"""lstm-projection-absent: paddle ==2.6.2. Promised: Simple RNN, LSTM and GRU layers agree from any initial state,
in all results and gradients, those of it too. An LSTM's hidden state may be projected. What is not given is zero.
Instead: LSTM has no proj_size, the projection of the hidden state that torch has."""
import paddle

try:
    paddle.nn.LSTM(1, 2, proj_size=1)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
