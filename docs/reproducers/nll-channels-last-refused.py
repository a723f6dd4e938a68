"""nll-channels-last-refused: torch+nhwc >=2.4, <2.16. Promised: The mean of -x at the labels, each as much as its
class weighs, over any rank; the label to ignore is in none. Instead: Of an image whose channels lie last in memory
backward raises an error, where cross_entropy takes it."""
import torch

x = torch.zeros(1, 2, 2, 2).contiguous(memory_format=torch.channels_last).requires_grad_()
loss = torch.nn.functional.nll_loss(x, torch.zeros(1, 2, 2, dtype=torch.long))
try:
    loss.backward()
except RuntimeError as error:
    raise AssertionError(str(error)) from error
