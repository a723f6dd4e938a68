"""What is known to differ between the architectures of one name in torchvision 0.29.2 and paddle.vision 3.3.1."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A difference that is real. laws: those that it breaks, in their order; says: words of what the first of them
    says; text: which layers differ, and which of both the published architecture has."""

    laws: tuple[str, ...]
    says: tuple[str, ...]
    text: str


_NETWORK = ("forward", "training", "loss", "gradients", "steps")
_DROPOUT = """`Dropout(mode="downscale_in_infer")` leaves training as it is and multiplies by 1 - p in
evaluation mode, where torch's `Dropout` multiplies by 1 / (1 - p) in training and changes nothing afterwards"""
_SQUEEZENET = f"""The pools are `MaxPool2D(3, 2)` in paddle (`paddle/vision/models/squeezenet.py`, lines 159 and
178) and `MaxPool2d(3, 2, ceil_mode=True)` in torchvision (`torchvision/models/squeezenet.py`, lines 45 to 67).
The published model was trained with Caffe, whose pooling rounds up: torchvision is right. Of pictures of 224 x
224, version 1.0 makes maps of the published 13 x 13 in torchvision and of 12 x 12 in paddle. Beyond that,
{_DROPOUT} (line 188): with weights from torchvision, the classifier's inputs are halved."""
FINDINGS = {
    "alexnet": Finding(
        ("forward",),
        ("torch 'classifier.0' (Dropout,", "paddle '_drop1' (Dropout,", "another mode: 'upscale_in_train' in torch"),
        f"""{_DROPOUT} (`paddle/vision/models/alexnet.py`, lines 145 and 153; `torchvision/models/alexnet.py`,
lines 38 and 41). Both are right by themselves, and the paper multiplies by 0.5 at test time as paddle does; but
weights are not exchangeable: those of torchvision give logits in paddle as if both hidden layers had been
halved. Beyond that, paddle has no adaptive pool before the classifier, so that it takes nothing but pictures
whose feature maps are 6 x 6.""",
    ),
    "squeezenet1_0": Finding(
        _NETWORK, ("torch 'features.6' (MaxPool2d,", "another ceil_mode: True in torch, False in paddle"), _SQUEEZENET
    ),
    "squeezenet1_1": Finding(
        _NETWORK,
        ("torch 'features.0' (Conv2d,", "another padding: 0 in torch, 1 in paddle"),
        f"""The first convolution has `padding=1` in paddle (`paddle/vision/models/squeezenet.py`, line 174) and
none in torchvision (`torchvision/models/squeezenet.py`, line 59), as in the published 1.1 model: torchvision is
right. {_SQUEEZENET}""",
    ),
    "googlenet": Finding(
        ("tensors",),
        (
            "tensors of one model only",
            "torch: conv1.bn.weight (64,)",
            "paddle: _ince3a._conv5._conv.weight (32, 16, 5, 5)",
        ),
        """Two networks of one name, which cannot be carried over. torchvision has batch norm after each
convolution, which the paper does not, and 3 x 3 kernels in the branch of 5 x 5
(`torchvision/models/googlenet.py`, line 207, which calls it a known bug). paddle has the paper's 5 x 5 and no
batch norm, but also no bias in any convolution, no ReLU after the stem's convolutions, the reductions and those
of the auxiliary heads (`paddle/vision/models/googlenet.py`, lines 85 to 87), none after the hidden layer of the
second head (line 252), and pools that round down, so that its heads see 3 x 3 cells (1152 features, line 206)
where the paper has 4 x 4 (2048). Neither is the published architecture. It returns three outputs in evaluation
mode too.""",
    ),
    "inception_v3": Finding(
        _NETWORK,
        ("torch 'Conv2d_1a_3x3.bn' (BatchNorm2d,", "another eps: 0.001 in torch, 1e-05 in paddle"),
        f"""Every batch norm has epsilon 1e-5 in paddle, whose `ConvNormActivation` passes none
(`paddle/vision/ops.py`, line 1944), and 1e-3 in torchvision (`torchvision/models/inception.py`, line 402), as
in the published model: torchvision is right. Beyond that, {_DROPOUT} (`paddle/vision/models/inceptionv3.py`,
line 586), with p = 0.2 there, as published, and 0.5 in torchvision. paddle has no auxiliary head, so that
torchvision's stands without its own here (`aux_logits=False`).""",
    ),
    "shufflenet_v2_x2_0": Finding(
        ("tensors",),
        ("torch: stage2.0.branch1.2.weight (122, 24, 1, 1)", "paddle: 2_1._conv_linear_1.0.weight (112, 24, 1, 1)"),
        """The second stage has 244 channels in torchvision (`torchvision/models/shufflenetv2.py`, line 408) and
224 in paddle (`paddle/vision/models/shufflenetv2.py`, line 293). The paper's table has 244: torchvision is
right, and paddle's digits are exchanged.""",
    ),
}
