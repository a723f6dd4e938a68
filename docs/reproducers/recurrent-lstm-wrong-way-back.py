"""recurrent-lstm-wrong-way-back: paddle >=2.6.2, <3.4. Promised: Results, last states and all gradients of LSTM
layers. Instead: Where a layer that reads both ways is given initial states and sequence_length, the gradient of
weight_hh of the way back is wrong by as much as its own size, and no error is raised."""
import paddle

layer = paddle.nn.LSTM(1, 1, direction="bidirect")
weight = dict(layer.named_parameters())["weight_hh_l0_reverse"]
found = []
for steps, lengths in ((1, None), (2, paddle.to_tensor([1]))):  # the second step is no part of the sequence
    x, state, cell = paddle.ones([1, steps, 1]), paddle.full([2, 1, 1], 0.5), paddle.full([2, 1, 1], -0.5)
    x.stop_gradient = state.stop_gradient = cell.stop_gradient = False
    layer(x, (state, cell), sequence_length=lengths)[1][0].sum().backward()
    found.append(weight.grad.flatten().tolist())
    layer.clear_gradients()
expected, got = found
assert max(abs(a - b) for a, b in zip(got, expected)) <= 1e-5, f"got {got}, expected {expected}"
