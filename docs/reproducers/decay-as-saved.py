"""decay-as-saved: torch >=2.7, <2.16. Promised: Adam that loads a state of AdamW decays by the gradient, as Adam
does, and AdamW that loads one of Adam apart. Instead: The state of an optimizer holds decoupled_weight_decay, which
loading takes over: Adam that loads a state of AdamW decays apart from the gradient from then on."""
import numpy as np
import torch

RATE = 0.125
DECAY = 0.5
classes = [torch.optim.Adam, torch.optim.AdamW]
saved, loads = (classes[not False], classes[False])
parameter = torch.nn.Parameter(torch.tensor([1.0]))
first = saved([parameter], lr=RATE, weight_decay=0.0)
parameter.grad = torch.zeros(1)
first.step()
second = loads([parameter], lr=RATE, weight_decay=DECAY)
second.load_state_dict(first.state_dict())
second.param_groups[0]['weight_decay'] = DECAY
second.step()
got = np.asarray(parameter.item() == 1.0 * (1 - RATE * DECAY))[()]
expected = False
assert got == expected, f"got {got}, expected {expected}"
