"""conv1d-added-in-float16: torch >=2.4.1, <2.16. Promised: A convolution of one axis, by every padding and padding
mode. Instead: The CPU kernels round to float16 more than once: before the bias is added, and after each sample of
the batch in the gradients."""
import numpy as np
import torch

x = torch.tensor(np.ascontiguousarray(np.array([[[0.05203], [0.6836]], [[1.004], [-0.6177]]], 'float16').T)).moveaxis((0, 1, 2), (2, 1, 0))
weight = torch.tensor(np.ascontiguousarray(np.array([[[1.822]], [[-1.32]], [[-0.6616]], [[0.935]]], 'float16').T)).moveaxis((0, 1, 2), (2, 1, 0))
bias = torch.tensor(np.array([0.04904, 2.002, 0.1885, -0.6333], 'float16'))
got = np.asarray((layer := torch.nn.Conv1d(*(2, 4, (1,)), bias=bias is not None, **{'stride': (1,), 'padding': (0,), 'dilation': (1,), 'groups': 2, 'padding_mode': 'zeros'}))._parameters.update(weight=weight, bias=bias) or layer(x))
expected = np.array([[[0.143859], [1.93325], [-0.263803], [0.00589943]], [[1.87843], [0.676483], [0.597144], [-1.21086]]], 'float64')
allowed = np.array([[[0.00015], [0.0019], [0.00026], [6.1e-06]], [[0.0019], [0.00067], [0.00059], [0.0012]]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
