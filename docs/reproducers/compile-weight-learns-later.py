import torch

layer = torch.nn.Linear(1, 1)
layer.weight.requires_grad_(False)
function = torch.compile(layer, backend="aot_eager")
function(torch.ones(1, 1)).sum().backward()
layer.weight.requires_grad_(True)
function(torch.ones(1, 1)).sum().backward()
assert layer.weight.grad is not None, "got no gradient, expected [[1.0]]"
