"""save-float8-unfilled: torch >=2.4, <2.6. Promised: Tensors of every dtype and layout come back from the
framework's own file, in place among other values. Instead: With deterministic algorithms asked for, a tensor of
float8 cannot be made, and so not be loaded."""
import io

import torch

file = io.BytesIO()
torch.save(torch.tensor([4.0]).to(torch.float8_e4m3fn), file)
file.seek(0)
torch.use_deterministic_algorithms(True)
try:
    torch.load(file, weights_only=True)
except Exception as error:
    raise AssertionError(f"got {error}, expected a tensor of float8_e4m3fn") from error
finally:
    torch.use_deterministic_algorithms(False)
