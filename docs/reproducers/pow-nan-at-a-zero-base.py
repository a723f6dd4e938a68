"""pow-nan-at-a-zero-base: paddle >=2.6.2, <3.1.1. Promised: x to the power of y: 1 where either says so, NaN where
x is negative and y is not an integer. Instead: Where the base is 0 the gradient of the exponent is NaN: it is 0
times log(0)."""
import paddle

x, y = paddle.to_tensor([0.0], stop_gradient=False), paddle.to_tensor([1.0], stop_gradient=False)
paddle.pow(x, y).backward()
assert y.grad.item() == 0.0, f"the gradient of the exponent: got {y.grad.item()}, expected 0.0"
