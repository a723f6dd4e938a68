"""margin-ranking-steep-at-margin: torch >=2.4, <2.14. Promised: max(0, -t (x - other) + margin); no gradient
exactly at the margin. Instead: Exactly at the margin the gradient passes, as it does through clamp at a bound in
these releases."""
import numpy as np
import torch

x = torch.tensor(np.array(0.0, 'float32')).requires_grad_()
other = torch.tensor(np.array(0.0, 'float32')).requires_grad_()
target = torch.tensor(np.array(1.0, 'float32'))
output = torch.nn.MarginRankingLoss(0.0, reduction='mean')(x, other, target)
cotangent = torch.tensor(np.array(0.5, 'float32'))
got = np.asarray(torch.autograd.grad([output], [x, other], [cotangent], allow_unused=True)[0])[()]
expected = -0.0
assert got == expected, f"got {got}, expected {expected}"
