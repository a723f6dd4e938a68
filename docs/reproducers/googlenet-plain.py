"""googlenet-plain: paddle >=2.6.2, <3.4. Promised: An architecture has the layers of its paper, for any number of
classes: as many parameters, of their shapes. Instead: GoogLeNet is that of 2014, without normalization and with
three heads, where torchvision's is normalized: the parameters of the two have nothing in common but the name."""
import paddle

layers = paddle.vision.models.googlenet().sublayers()
got = sum(isinstance(each, paddle.nn.BatchNorm2D) for each in layers)
assert got > 0, f"got {got} layers of batch normalization, expected one behind each convolution"
