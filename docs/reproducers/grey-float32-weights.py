"""grey-float32-weights: paddle >=2.6.2, <3.4. Promised: A weighted sum of red, green and blue, in one channel or in
three. Instead: The weights of red, green and blue are made float32, for a float64 image too: its grey is off by
1e-8."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.6672119263997577]], [[0.644245721342765]], [[0.6130774092516288]]], 'float64'))
got = np.asarray(paddle.vision.transforms.functional.to_grayscale(x, 1))[0, 0, 0]
expected = 0.6474927078837763
assert abs(got - expected) <= 8.7e-16, f"got {got}, expected {expected}"
