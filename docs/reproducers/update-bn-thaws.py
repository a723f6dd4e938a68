"""update-bn-thaws: torch >=2.4, <2.16. Promised: Statistics for averaged weights are the mean of the batches' own;
momentum and each layer's mode come back. Instead: update_bn leaves every layer in the mode of the model around it:
a batch norm that was frozen by eval() inside a model in training mode trains on afterwards, with nothing said."""
import numpy as np
import torch
from torch.optim.swa_utils import update_bn as update

layer = torch.nn.BatchNorm1d(2, momentum=0.5)
model = torch.nn.Sequential(layer, torch.nn.Dropout(0.5)).train(True)
if True:
    layer.eval()
update([torch.tensor(batch) for batch in [np.array([[1.2514604, 0.73579025], [2.2808454, 1.2098002]], 'float32')]], model)
found = {'mean': layer.running_mean, 'variance': layer.running_var, 'momentum': layer.momentum}
got = np.asarray(layer.training)[()]
expected = False
assert got == expected, f"got {got}, expected {expected}"
