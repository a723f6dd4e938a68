"""format-of-copies-order-kept: torch >=2.4, <2.16. Promised: A copy is in the memory format that is asked for; else
in that of a dense tensor, and in order of any other. Instead: A copy of a tensor that is not dense shall be
contiguous, by the page of preserve_format; it keeps the order of the axes in memory."""
import torch

image = torch.zeros(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)[..., ::2]
copy = image.clone(memory_format=torch.preserve_format)
assert copy.is_contiguous(), copy.stride()
