import paddle

layer = paddle.nn.BatchNorm1D(1, momentum=0.0)
compiled = paddle.jit.to_static(layer, full_graph=True)
compiled(paddle.to_tensor([[1.0], [3.0]]))
layer._momentum = 1.0
compiled(paddle.to_tensor([[5.0], [7.0]]))
mean = layer._mean.item()
assert mean == 2.0, f"with a momentum of 1 the running mean goes from 2.0 to {mean}"
