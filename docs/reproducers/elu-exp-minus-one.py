"""elu-exp-minus-one: paddle >=2.6.2, <3.4. Promised: x where positive, alpha (exp(x) - 1) elsewhere. Instead: In
float64 the negative side is formed as exp(x) - 1 rather than expm1(x), and loses the digits of small arguments."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0, 1.31510376473437, 0.0, -1.2083186322821715, -0.004454133120083229], 'float64'))
got = np.ravel(paddle.nn.functional.elu(x, 1.0))[4]
expected = -0.004444228180587447
assert abs(got - expected) <= 8.9e-18, f"got {got}, expected {expected}"
