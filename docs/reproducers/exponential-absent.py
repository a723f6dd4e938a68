"""exponential-absent: paddle >=2.6.2, <3.0. Promised: The exponential distribution. Instead: Came with 3.0, as did
Gamma, Chi2, StudentT, Poisson, Binomial, ContinuousBernoulli, MultivariateNormal and LKJCholesky."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array(1.0, 'float32'), stop_gradient=False)
rate = paddle.to_tensor(np.array(2.0, 'float32'), stop_gradient=False)
try:
    def asked(kind, call, value, *parameters):
        member = getattr(kind(*parameters), 'log_prob')
        if value is not None:
            return member(value)
        return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
    output = asked(paddle.distribution.Exponential, 'log_prob', value, rate)
    cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
    paddle.grad([output], [value, rate], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
