import paddle

paddle.set_device("cpu")
ones = paddle.nn.initializer.Constant(1.0)
weight = paddle.create_parameter([1], "bfloat16", default_initializer=ones)
optimizer = paddle.optimizer.SGD(2.0**-10, parameters=[weight], multi_precision=True)
for _ in range(8):
    optimizer.clear_grad()
    weight.sum().backward()
    optimizer.step()
master = optimizer.state_dict()["master_weights"][weight.name].item()
assert master == 1 - 8 * 2.0**-10, f"after eight steps of 2**-10 the master of 1.0 is {master}"
