"""Calls that refuse everything, in the very words with which they are known to refuse some inputs.

A known divergence excuses a refusal where it is known to happen, and nowhere else.
"""

from __future__ import annotations

from suites.test_shapes_losses import BATCHED
from tests.faults.fault import PADDLE, TORCH, Fault
from tests.faults.to_tensor import TO_TENSOR
from tests.faults.wraps import refusing

FALLING = refusing(ValueError, "gamma should be < 1.0.")
INCREASING = refusing(ValueError, "The elements of milestones must be incremented")
INTERVAL = refusing(AssertionError, " 'gamma' must be in interval (0.0, 1.0) so that the learning rate will decay.")
FOREIGN = refusing(
    ValueError, "Input object type error or incompatible array data type. tensor.set() supports array with bool"
)
STRIDES = refusing(ValueError, "At least one stride in the given numpy array is negative")
CLASSES = refusing(ValueError, "value should be at least 0, but received input (-100) less than 0")
NO_INT32 = refusing(RuntimeError, "expected target dtype to be Long or Byte, but got Int")
NO_UINT8 = refusing(RuntimeError, "(NotFound) The kernel with key (...) Selected wrong DataType `uint8`.")
IGNORED, SINGLE = "loss.cross_entropy_ignored_smoothed", "shape.image_without_batch"
DTYPES = "shape.cross_entropy_label_dtypes"
SCHEDULES, FUNCTIONAL = "paddle.optimizer.lr", "paddle.nn.functional"

FAULTS = (
    Fault("step refuses gamma", PADDLE, ("schedule.step",), f"{SCHEDULES}:StepDecay", FALLING),
    Fault("milestones refuse gamma", PADDLE, ("schedule.multi_step",), f"{SCHEDULES}:MultiStepDecay", FALLING),
    Fault("milestones refuse order", PADDLE, ("schedule.multi_step",), f"{SCHEDULES}:MultiStepDecay", INCREASING),
    Fault("exponential refuses", PADDLE, ("schedule.exponential",), f"{SCHEDULES}:ExponentialDecay", INTERVAL),
    Fault("ToTensor refuses order", PADDLE, ("vision.to_tensor_big_endian",), TO_TENSOR[PADDLE], FOREIGN),
    Fault("ToTensor refuses unsigned", PADDLE, ("vision.to_tensor_unsigned",), TO_TENSOR[PADDLE], FOREIGN),
    Fault("ToTensor refuses strides", TORCH, ("vision.to_tensor_reversed",), TO_TENSOR[TORCH], STRIDES),
    Fault("loss refuses labels", PADDLE, (IGNORED,), f"{FUNCTIONAL}:cross_entropy", CLASSES),
    Fault("loss refuses int32", TORCH, (DTYPES,), "torch.nn.functional:cross_entropy", NO_INT32),
    Fault("loss refuses uint8", PADDLE, (DTYPES,), f"{FUNCTIONAL}:cross_entropy", NO_UINT8),
    *[
        Fault(f"{layer} refuses", PADDLE, (SINGLE,), f"{FUNCTIONAL}:{layer}", refusing(ValueError, message))
        for layer, message in BATCHED.items()
    ],
)
