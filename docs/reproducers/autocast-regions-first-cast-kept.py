"""autocast-regions-first-cast-kept: torch >=2.4, <2.16. Promised: The innermost region decides on its way in and
out, one that is off casts nothing, and none outlasts its end. Instead: A trained weight that was multiplied in a
region of one dtype cannot be in a region of another within it: its cast is kept to the end of the outermost region,
and the product is refused for its two dtypes."""
import torch

weight = torch.nn.Parameter(torch.ones(1, 1))
with torch.autocast("cpu", torch.bfloat16):
    weight @ weight.detach()
    try:
        with torch.autocast("cpu", torch.float16):
            torch.ones(1, 1) @ weight
    except RuntimeError as error:
        raise AssertionError("a weight that a region of bfloat16 cast is refused in one of float16") from error
