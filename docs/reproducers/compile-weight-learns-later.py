"""compile-weight-learns-later: torch+compile >=2.4, <2.12. Promised: A compiled program passes the gradients that
the eager one passes, whatever its first call asked for. Instead: A weight that did not learn in the first call gets
no gradient after requires_grad_(True), and nothing says so: what was compiled for the frozen one is used again."""
import torch

layer = torch.nn.Linear(1, 1)
layer.weight.requires_grad_(False)
function = torch.compile(layer, backend="aot_eager")
function(torch.ones(1, 1)).sum().backward()
layer.weight.requires_grad_(True)
function(torch.ones(1, 1)).sum().backward()
assert layer.weight.grad is not None, "got no gradient, expected [[1.0]]"
