"""normalize-unchecked: paddle >=2.6.2, <3.4. Promised: Normalize refuses to divide by zero, constants for other
channels, integers, and tensors without channels. Instead: Normalize with a std of 0 returns infinities and NaN, and
with three constants makes three channels of one; torchvision refuses both."""
import paddle
from paddle.vision.transforms import Normalize

try:
    got = Normalize([0.0], [0.0])(paddle.ones([1, 1, 1]))
except Exception:
    got = None
assert got is None, f"not refused: {got}"
