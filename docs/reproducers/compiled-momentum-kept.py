"""compiled-momentum-kept: paddle+static >=3.0, <3.4. Promised: Statistics for averaged weights are the mean of the
batches' own; momentum and each layer's mode come back. Instead: A batch norm compiled by to_static keeps the
momentum that it had when it was compiled for that shape of batch: one that is set later, as for the statistics of
averaged weights, changes nothing."""
import paddle

layer = paddle.nn.BatchNorm1D(1, momentum=0.0)
compiled = paddle.jit.to_static(layer, full_graph=True)
compiled(paddle.to_tensor([[1.0], [3.0]]))
layer._momentum = 1.0
compiled(paddle.to_tensor([[5.0], [7.0]]))
mean = layer._mean.item()
assert mean == 2.0, f"with a momentum of 1 the running mean goes from 2.0 to {mean}"
