"""Published classifiers as both frameworks build them: the same layers, or weights of one could never be the other's.

Models are built without memory for their weights, so that all of them take seconds. That they compute the same with
the same weights is what the porting check shows, architecture by architecture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Sample, contract
from suites.images import ON_CPU, same
from suites.support.architectures import COUNTED, DRAWN, shufflenet_v2

AREA = "model zoo"
NAMES = (*DRAWN, *COUNTED)


def described(shapes: list[tuple[int, ...]], name: str) -> dict[str, Any]:
    """The number of parameters, and the shapes of all tensors in order of size, or the numbers alone."""
    numbers = sum(int(np.prod(shape)) for shape in shapes)
    if name in COUNTED:
        return {"numbers": numbers}
    padded = sorted((*shape, *(0,) * (4 - len(shape))) for shape in shapes)
    return {"numbers": numbers, "shapes": np.array(padded)}


@contract(
    "zoo.architectures",
    area=AREA,
    samples=st.builds(
        lambda names, classes: [Sample({"name": name, "classes": classes}) for name in names],
        st.permutations(NAMES),
        st.sampled_from((1000, 10)),
    ),
    tensors=False,
    share=0.04,
    unsupported=ON_CPU,
    covers=tuple(f"zoo.{name}" for name in NAMES),
)
class architectures:
    """An architecture has the layers of its paper, for any number of classes: as many parameters, of their shapes."""

    note = "paddle's inception_v3 has one head; torchvision's has two unless aux_logits=False."

    @staticmethod
    def torch(name, classes):
        import torch
        from torchvision import models

        options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
        with torch.device("meta"):
            model = getattr(models, name)(num_classes=1000 if name in COUNTED else classes, **options)
        return described([tuple(each.shape) for each in model.parameters()], name)

    @staticmethod
    def paddle(name, classes):
        import paddle
        from paddle.vision import models

        options = {"batch_norm": True} if name.endswith("_bn") else {}
        with paddle.LazyGuard():
            plain = name.removesuffix("_bn")
            model = getattr(models, plain)(num_classes=1000 if name in COUNTED else classes, **options)
        trained = [tuple(each.shape) for each in model.parameters() if not each.stop_gradient]
        return described([shape[::-1] if len(shape) == 2 else shape for shape in trained], name)

    @staticmethod
    def oracle(name, classes):
        if name in COUNTED:
            return {"numbers": same(np.asarray(COUNTED[name]))}
        return {part: same(np.asarray(value)) for part, value in described(list(DRAWN[name](classes)), name).items()}

    @staticmethod
    def variant_narrow_shufflenet(name, classes):
        """The double width begins with 224 channels instead of 244."""
        if name != "shufflenet_v2_x2_0":
            return architectures.oracle(name, classes)
        shapes = list(shufflenet_v2((24, 224, 488, 976, 2048), classes))
        return {part: same(np.asarray(value)) for part, value in described(shapes, name).items()}

    @staticmethod
    def variant_plain_googlenet(name, classes):
        """Another network: the one of 2014, without normalization, with two more heads."""
        if name != "googlenet":
            return architectures.oracle(name, classes)
        return {"numbers": same(np.asarray(11535736))}
