"""compile-hook-unseen: torch+compile >=2.4, <2.16. Promised: A compiled program reads numbers, weights and parts as
they are at each call, and counts every call. Instead: A hook of a part of a model is not called where the model's
class was compiled before without one: also that of a second model that is compiled after it was added. torch's
pages say that hooks must not change later; of another model they say nothing."""
import torch


def model():
    return torch.nn.Sequential(torch.nn.Sequential(torch.nn.ReLU()))


torch.compile(model(), backend="eager")(torch.ones(1))
second = model()
second[0].register_forward_hook(lambda layer, given, output: output * 3.0)
got = torch.compile(second, backend="eager")(torch.ones(1)).item()
assert got == 3.0, f"got {got}, expected 3.0"
