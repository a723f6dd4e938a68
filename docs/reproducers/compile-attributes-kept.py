"""compile-attributes-kept: torch+compile >=2.4, <2.5. Promised: Statistics, buffers, weights and random numbers go
on from call to call as they do in the eager model. Instead: The momentum of a batch norm stays what it was at the
first call; later releases compile anew where it changes."""
import torch

layer = torch.nn.BatchNorm1d(1, momentum=0.25)
function = torch.compile(layer, backend="aot_eager")
function(torch.ones(4, 1))
layer.momentum = 0.5
function(torch.ones(4, 1))
got = layer.running_mean.item()
assert got == 0.625, f"got a mean of {got}, expected 0.625"
