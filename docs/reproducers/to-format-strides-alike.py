"""to-format-strides-alike: torch >=2.4, <2.16. Promised: to(memory_format=...) gives a tensor, or all images among
a module's weights, in that memory format. Instead: to(memory_format=...) returns a tensor unchanged whose strides
are merely ordered as those of the format, with gaps between them: the result is not in the format;
contiguous(memory_format=...) makes it so."""
import torch

image = torch.zeros(2, 3, 4, 4)[..., ::2]
made = image.to(memory_format=torch.contiguous_format)
assert made.is_contiguous(), made.stride()
