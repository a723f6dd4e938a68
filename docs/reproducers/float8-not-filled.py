"""float8-not-filled: torch >=2.4, <2.6. Promised: numpy() and asarray give the numbers of a tensor in its dtype,
tolist() and item() as Python's, for any dtype. Instead: Under deterministic algorithms new memory is filled, for
which float8 has no kernel before torch 2.6."""
import torch

torch.use_deterministic_algorithms(True)
try:
    torch.tensor([1.0]).to(torch.float8_e5m2)
except Exception as error:
    raise AssertionError(f"got {error}, expected a tensor of float8_e5m2") from error
finally:
    torch.use_deterministic_algorithms(False)
