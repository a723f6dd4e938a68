import torch


def model():
    return torch.nn.Sequential(torch.nn.Sequential(torch.nn.ReLU()))


torch.compile(model(), backend="eager")(torch.ones(1))
second = model()
second[0].register_forward_hook(lambda layer, given, output: output * 3.0)
got = torch.compile(second, backend="eager")(torch.ones(1)).item()
assert got == 3.0, f"got {got}, expected 3.0"
