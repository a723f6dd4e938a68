"""large-bias-gradients-one-by-one: torch+threads >=2.4, <2.16. Promised: The gradient of a bias that is broadcast
along a million numbers is the sum of theirs. Instead: With two threads or more, as by default, the gradient of the
bias of a convolution of one or two axes adds one number after another in float32: of a million numbers of 0.6931 it
is 724906 for 729607, of an image of 512 by 512 181418 for 181692; on one thread it is right."""
import torch

torch.set_num_threads(2)
image = torch.full((1, 1, 512, 512), 0.6931)
bias = torch.zeros(1, requires_grad=True)
torch.nn.functional.conv2d(image, torch.ones(1, 1, 1, 1), bias).backward(image)
right = float(image.double().sum())
assert abs(float(bias.grad) - right) < 1e-5 * right, f"{float(bias.grad)} for {right}"
