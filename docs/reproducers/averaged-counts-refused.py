import torch
from torch.optim.swa_utils import AveragedModel, get_swa_multi_avg_fn

model = torch.nn.BatchNorm1d(1)
averaged = AveragedModel(model, multi_avg_fn=get_swa_multi_avg_fn(), use_buffers=True)
averaged.update_parameters(model)
try:
    averaged.update_parameters(model)
except RuntimeError as error:
    raise AssertionError("the mean of a batch norm's buffers is refused") from error
