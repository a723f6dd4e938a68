"""shufflenet-narrow: paddle >=2.6.2, <3.4. Promised: An architecture has the layers of its paper, for any number of
classes: as many parameters, of their shapes. Instead: shufflenet_v2_x2_0 begins with 224 channels, where its paper,
and torchvision, have 244: no weights of one fit the other."""
import paddle

model = paddle.vision.models.shufflenet_v2_x2_0()
got = sorted({each.shape[0] for each in model.parameters()})
assert 122 in got, f"got weights of {got} channels, expected 122 among them, half of 244"
