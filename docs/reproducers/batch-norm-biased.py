"""batch-norm-biased: paddle >=2.6.2, <3.4. Promised: The batch's mean and biased variance normalize it; running
statistics take its unbiased variance. Instead: The running variance takes the batch's biased variance, over n where
torch divides by n - 1: of batches of two numbers it is half as large. And eps and momentum are float32 numbers in
float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.9576370945019165], [0.837307319307207]], [[1.3010307942752772], [0.7512014149009619]]]], 'float64'))
weight = paddle.to_tensor(np.array([0.18022828555594816], 'float64'))
bias = paddle.to_tensor(np.array([0.2544330951103695], 'float64'))
running_mean = paddle.to_tensor(np.array([0.2260997375552816], 'float64'))
running_variance = paddle.to_tensor(np.array([0.12051131123164481], 'float64'))
got = np.ravel(running_variance)[0]
expected = 0.05831501767399823
assert abs(got - expected) <= 8.6e-16, f"got {got}, expected {expected}"
