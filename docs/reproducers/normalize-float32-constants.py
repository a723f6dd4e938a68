"""normalize-float32-constants: paddle >=2.6.2, <3.4. Promised: Normalize keeps the dtype of its tensor, and
computes in it. Instead: Normalize makes float32 tensors of mean and std whatever the image is: a float64 image
loses half its digits, a float16 one comes out as float32."""
import paddle
from paddle.vision.transforms import Normalize

got = Normalize([0.1], [0.2])(paddle.full([1, 1, 1], 0.3, "float64")).item()
assert abs(got - 1) <= 1e-15, f"(0.3 - 0.1) / 0.2 of a float64 image: got {got!r}"
