"""householder-wrong-gradient-static: paddle+static=ast >=3.0, <3.4. Promised: The first columns of a product of
reflections, and its gradient. Instead: householder_product assigns in place. An eager call refuses the way back, a
program goes back with numbers that were overwritten before it used them: the gradient of the first column is
another one. And as static-assignment-gradient, the diagonal has one, which is taken to be 1."""
import paddle

x = paddle.to_tensor([[1.0], [0.5]], dtype="float64", stop_gradient=False)
tau = paddle.to_tensor([1.6], dtype="float64")
product = paddle.jit.to_static(paddle.linalg.householder_product, full_graph=True)
product(x, tau).sum().backward()
got = x.grad.flatten().tolist()  # the product is [1 - tau, -tau * x[1, 0]]
assert abs(got[0]) + abs(got[1] + 1.6) < 1e-12, f"got the gradient {got}, expected [0.0, -1.6]"
