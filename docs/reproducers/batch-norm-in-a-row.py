"""batch-norm-in-a-row: torch >=2.4, <2.16. Promised: The batch's mean and biased variance normalize it; running
statistics take its unbiased variance. Instead: Where channels lie last in memory, a channel's values are added one
after another in float32, however many: of 16,384 the mean is off by 2e-4, and right to the last digit otherwise."""
import torch

x = torch.full((1, 2, 128, 128), 0.1)
mean, variance = torch.zeros(2), torch.ones(2)
last = x.contiguous(memory_format=torch.channels_last)
torch.nn.functional.batch_norm(last, mean, variance, training=True, momentum=1.0)
error = float((mean / x[0, 0, 0, 0] - 1).abs().max())
assert error <= 1e-5, f"the mean of 16,384 times 0.1 is {mean[0]:.8f}"
