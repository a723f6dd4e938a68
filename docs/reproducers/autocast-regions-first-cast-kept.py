import torch

weight = torch.nn.Parameter(torch.ones(1, 1))
with torch.autocast("cpu", torch.bfloat16):
    weight @ weight.detach()
    try:
        with torch.autocast("cpu", torch.float16):
            torch.ones(1, 1) @ weight
    except RuntimeError as error:
        raise AssertionError("a weight that a region of bfloat16 cast is refused in one of float16") from error
