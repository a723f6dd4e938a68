"""restored-zeros-before-apply: paddle >=2.6.2, <3.4. Promised: Averages stand in for the weights while they are
asked for, those of idle parameters too, and all come back. Instead: ModelAverage.restore before any apply sets
every weight to 0, where there is nothing to restore."""
import paddle

ones = paddle.nn.initializer.Constant(1.0)
weight = paddle.create_parameter([1], "float32", default_initializer=ones)
average = paddle.incubate.ModelAverage(1.0, parameters=[weight], min_average_window=10, max_average_window=10)
weight.sum().backward()
average.step()
average.restore()
assert weight.item() == 1.0, f"restored before anything was replaced, 1.0 is {weight.item()}"
