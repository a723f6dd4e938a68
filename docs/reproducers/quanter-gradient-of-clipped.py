"""quanter-gradient-of-clipped: paddle >=2.6.2, <3.4. Promised: The gradient of a number on the grid is that of the
number, and none where it was clipped. Instead: Numbers beyond the scale are clipped and pass the whole gradient:
1.3 for 0, where torch's fake_quantize passes none. And as quanter-ties-away."""
import paddle
from paddle.quantization.quanters.abs_max import FakeQuanterWithAbsMaxObserverLayer

quanter = FakeQuanterWithAbsMaxObserverLayer(None)
quanter.set_state_dict({**quanter.state_dict(), "_scale": paddle.to_tensor([127.0])})
quanter.eval()
x = paddle.to_tensor([3.0, 200.0], stop_gradient=False)
quanter(x).sum().backward()
got, expected = x.grad.tolist(), [1.0, 0.0]
assert got == expected, f"got {got}, expected {expected}"
