"""to-tensor-documented-paddle: paddle >=2.6.2, <3.4. Promised: Both documentations list I and F among the modes
that are scaled to a float tensor from 0 to 1. Instead: The documentation of ToTensor lists I and F among the modes
that are scaled to [0, 1]; they come out unscaled, I as int32."""
from paddle.vision.transforms import ToTensor
from PIL import Image

got = ToTensor()(Image.new("F", (1, 1), 255.0)).item()
assert got == 1.0, f"a level of 255 in mode F: got {got}, expected 1.0"
