"""circular-pad-cuts-first: torch >=2.4, <2.16. Promised: Widths in pairs from the last axis on; a negative one
cuts. Instead: With a negative width on one side, circular padding wraps around what the cut leaves, where
reflecting and replicating take from the whole: [0, 1, 2, 3, 4] with widths 2 and -1 begins with 2, 3 and not with
3, 4."""
import torch

x = torch.arange(5.0).reshape(1, 1, 5)
wide = torch.nn.functional.pad(x, (2, 0), mode="circular")[..., :-1]
got = torch.nn.functional.pad(x, (2, -1), mode="circular").flatten().tolist()
expected = wide.flatten().tolist()
assert got == expected, f"got {got}, expected {expected}"
