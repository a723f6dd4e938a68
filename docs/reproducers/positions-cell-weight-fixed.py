"""positions-cell-weight-fixed: paddle >=2.6.2, <3.4. Promised: A cell without biases has two weights that learn, by
width of the input and the state, and a flag. Instead: The third argument of LSTMCell and GRUCell is weight_ih_attr:
LSTMCell(inputs, hidden, False), torch's way to leave out biases, has biases, and its weight of the inputs is 1
everywhere and never learns."""
import numpy as np
import paddle

made = getattr(paddle.nn, 'LSTMCell')(1, 2, False)
learning = [each for each in made.parameters() if not each.stop_gradient]
got = np.asarray({axes: sum((each.ndim == place for each in learning)) for place, axes in ((1, 'biases'), (2, 'weights'))}['biases'])[()]
expected = 0
assert got == expected, f"got {got}, expected {expected}"
