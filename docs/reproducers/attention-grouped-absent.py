"""attention-grouped-absent: torch >=2.4.1, <2.5. Promised: Several heads of queries, side by side, share a head of
keys and values. Instead: There is no enable_gqa."""
import numpy as np
import torch

query = torch.tensor(np.array([[[[100.0]], [[100.0]]]], 'float32')).requires_grad_()
key = torch.tensor(np.array([[[[1.0], [0.0]]]], 'float32')).requires_grad_()
value = torch.tensor(np.array([[[[1.0], [0.0]]]], 'float32')).requires_grad_()
try:
    output = torch.nn.functional.scaled_dot_product_attention(query, key, value, enable_gqa=True)
    cotangent = torch.tensor(np.array([[[[1.0]], [[1.0]]]], 'float32'))
    torch.autograd.grad([output], [query, key, value], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
