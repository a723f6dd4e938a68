"""averaged-idle-is-nan: paddle >=2.6.2, <3.4. Promised: Averages stand in for the weights while they are asked for,
those of idle parameters too, and all come back. Instead: Under ModelAverage.apply a parameter that had no gradient,
as a frozen one, is NaN, where its average is itself: it is divided by its count of 0."""
import paddle

ones = paddle.nn.initializer.Constant(1.0)
used, idle = (paddle.create_parameter([1], "float32", default_initializer=ones) for _ in range(2))
average = paddle.incubate.ModelAverage(
    1.0, parameters=[used, idle], min_average_window=10, max_average_window=10
)
used.sum().backward()
average.step()
with average.apply():
    assert idle.item() == 1.0, f"the average of a parameter without a gradient is {idle.item()}, expected 1.0"
