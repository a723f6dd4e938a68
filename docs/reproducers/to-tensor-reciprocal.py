"""to-tensor-reciprocal: paddle >=2.6.2, <3.3.1. Promised: An image of 1 or 8 bits a channel becomes float32 [C, H,
W] from 0 to 1. Instead: A tensor divided by a number is multiplied by the number's float32 reciprocal, so that
ToTensor, which divides by 255, puts 126 of the 256 levels one unit in the last place beside the quotient."""
import numpy as np
from paddle.vision.transforms import ToTensor

levels = np.arange(256)
got = ToTensor()(levels.astype("uint8").reshape(16, 16, 1)).numpy().ravel()
wrong = (got != (levels / 255).astype("float32")).sum()
assert wrong == 0, f"{wrong} of 256 levels are not the float32 number nearest to level / 255"
