"""average-window-whole: paddle >=2.6.2, <3.4. Promised: ModelAverage is the mean over the window that its page
documents: the running part and the one before. Instead: The window of ModelAverage is cut off to a whole number of
steps: 1 where updates times rate is 1.5, so that it begins anew a step before the page's formula says."""
import numpy as np
import paddle

weight = paddle.create_parameter([2], 'float32')
options = {'min_average_window': 1, 'max_average_window': 2}
average, found = (paddle.incubate.ModelAverage(0.5, parameters=[weight], **options), [])
for row in np.array([[6.0, 2.0], [0.0, -4.0], [-3.0, -8.0], [-7.0, -8.0], [-6.0, 5.0], [3.0, 7.0]], 'float32'):
    weight.set_value(row)
    weight.clear_gradient()
    weight.sum().backward()
    average.step()
    with average.apply():
        found.append(weight.detach().clone())
got = np.asarray(paddle.stack(found))[5, 0]
expected = -1.5
assert abs(got - expected) <= 1.8e-07, f"got {got}, expected {expected}"
