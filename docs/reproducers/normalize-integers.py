"""normalize-integers: paddle ==2.6.2. Promised: Normalize refuses to divide by zero, constants for other channels,
integers, and tensors without channels. Instead: An operation takes the dtype of its left operand, so Normalize of
an int32 or int64 tensor truncates mean and std to whole numbers, divides by 0 where std is below 1, and returns
float32; torchvision, and paddle later, refuse integers."""
import paddle
from paddle.vision.transforms import Normalize

try:
    got = Normalize([0.5], [0.5])(paddle.ones([1, 1, 1], "int32"))
except Exception:
    got = None
assert got is None, f"not refused: {got}"
