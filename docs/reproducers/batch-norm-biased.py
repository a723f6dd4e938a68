"""batch-norm-biased: paddle >=2.6.2, <3.4. Promised: The batch's mean and biased variance normalize it; running
statistics take its unbiased variance. Instead: The running variance takes the batch's biased variance, over n where
torch divides by n - 1: of batches of two numbers it is half as large. And eps and momentum are float32 numbers in
float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.9576370945019165], [0.837307319307207]], [[1.3010307942752772], [0.7512014149009619]]]], 'float64'), stop_gradient=False)
weight = paddle.to_tensor(np.array([0.18022828555594816], 'float64'), stop_gradient=False)
bias = paddle.to_tensor(np.array([0.2544330951103695], 'float64'), stop_gradient=False)
running_mean = paddle.to_tensor(np.array([0.2260997375552816], 'float64'))
running_variance = paddle.to_tensor(np.array([0.12051131123164481], 'float64'))
output = paddle.nn.functional.batch_norm(x, running_mean, running_variance, weight, bias, True, 1 - 1.0, 0.1, 'NHWC')
cotangent = paddle.to_tensor(np.array([[[[-0.7433791595289316], [0.2842472150848538]], [[-0.5038551422821201], [0.759531142116064]]]], 'float64'))
got = np.ravel(paddle.grad([output], [x, weight, bias], [cotangent], allow_unused=True)[1])[0]
expected = -0.9579215429092806
assert abs(got - expected) <= 1.4e-14, f"got {got}, expected {expected}"
