"""compiled-second-gradient-none: torch+compile >=2.4, <2.16. Promised: The gradient of a gradient times a vector is
the Hessian times that vector. Instead: A compiled call whose gradient is made of its own results, a sigmoid or a
square root, or of what it kept within, has no second gradient, and nothing says so: it is None. A call whose
gradient is made of its input refuses in words, and so does backward() from torch 2.14 on."""
import torch

x = torch.tensor([0.5], requires_grad=True)
y = torch.compile(torch.nn.Sigmoid(), backend="aot_eager")(x)
(slope,) = torch.autograd.grad(y, x, create_graph=True)
second = torch.autograd.grad(slope, x, allow_unused=True)[0] if slope.requires_grad else None
assert second is not None, "the second gradient of a compiled sigmoid is None, right is -0.0576"
