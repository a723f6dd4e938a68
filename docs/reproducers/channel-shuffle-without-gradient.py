"""channel-shuffle-without-gradient: torch >=2.4.1, <2.6. Promised: ChannelShuffle deals the channels of each group
out. Instead: Release 2.4 has no gradient of it."""
import numpy as np
import torch

x = torch.tensor(np.array([[[[1.0]]]], 'float32')).requires_grad_()
try:
    output = torch.nn.ChannelShuffle(1)(x)
    cotangent = torch.tensor(np.array([[[[1.0]]]], 'float32'))
    torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
