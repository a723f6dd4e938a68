"""averaged-counts-refused: torch >=2.4, <2.16. Promised: An average begins with the first weights, goes on by its
formula, and takes buffers along if it is told to. Without that, buffers are those of the model; a count that is
averaged is a whole number again after each step. Instead: AveragedModel with use_buffers=True and the ready-made
get_swa_multi_avg_fn refuses a model with a buffer of whole numbers, such as any batch norm's count of batches; the
default mean takes it."""
import torch
from torch.optim.swa_utils import AveragedModel, get_swa_multi_avg_fn

model = torch.nn.BatchNorm1d(1)
averaged = AveragedModel(model, multi_avg_fn=get_swa_multi_avg_fn(), use_buffers=True)
averaged.update_parameters(model)
try:
    averaged.update_parameters(model)
except RuntimeError as error:
    raise AssertionError("the mean of a batch norm's buffers is refused") from error
