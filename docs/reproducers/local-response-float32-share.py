"""local-response-float32-share: paddle >=2.6.2, <3.4. Promised: x / (k + alpha * the mean of squares of
neighbouring channels) ** beta, with zeros beyond both ends. Instead: In float64 the gradient of the average over
the window is multiplied with 1 / size rounded to float32: off by 3e-9."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[680.483335307797]], [[-0.6927195958716091]]], 'float64'), stop_gradient=False)
output = paddle.nn.functional.local_response_norm(x, 3, 0.5, 1.0, 2.0, 'NLC')
cotangent = paddle.to_tensor(np.array([[[0.5859824791700223]], [[-0.35569750861531324]]], 'float64'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 0]
expected = -7.592191073550646e-06
assert abs(got - expected) <= 1.6e-19, f"got {got}, expected {expected}"
