"""nll-sums-in-steps: torch >=2.4, <2.16. Promised: The mean of -x at the labels that are not ignored, each as much
as its class weighs, over any rank. Instead: In float16 and bfloat16 the losses are added up in the low precision:
every partial sum is rounded."""
import numpy as np
import torch

x = torch.tensor(np.array([[-1.32, -0.6616, 0.935], [0.04904, 2.002, 0.1885], [-0.6333, -0.3777, -1.091], [-1.277, 0.6304, 0.581], [1.295, -0.7544, 1.689], [-0.2874, 1.574, -0.4329], [-0.7354, 0.2498, 1.031], [0.161, -0.5854, -1.341]], 'float16')).requires_grad_()
labels = torch.tensor(np.array([0, 0, 0, 2, 2, 0, 2, 2], 'int64'))
output = torch.nn.NLLLoss(None, ignore_index=-100, reduction='mean')(x, labels)
cotangent = torch.tensor(np.array(-1.074, 'float16'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0]
expected = 0.13427734375
assert got == expected, f"got {got}, expected {expected}"
