"""affine-three-channels-static: paddle+static=ast >=3.0, <3.4. Promised: An affine map turns with the clock,
scales, shears and moves, about the middle or a given point. Instead: affine of a tensor of one channel has three
channels in a compiled program, of a fill that is a whole number, as 0 by default, where an eager call refuses
it."""
import paddle
from paddle.vision.transforms import affine


def shifted(image):
    return affine(image, 0.0, [1, 0], 1.0, [0.0, 0.0])


image = paddle.ones([1, 4, 4])
try:
    print("eager:", shifted(image).shape)
except ValueError as error:
    print("eager:", str(error).strip().splitlines()[-1])
compiled = paddle.jit.to_static(shifted, full_graph=True)(image)
assert list(compiled.shape) == [1, 4, 4], f"an image of one channel has {compiled.shape[0]} where it is compiled"
