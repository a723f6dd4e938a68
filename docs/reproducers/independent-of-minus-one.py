"""independent-of-minus-one: torch >=2.4.1, <2.16. Promised: Parameters that no law has, values and pairs of another
shape: each is refused, with the default checks. Instead: Independent takes a negative number of axes, and its
log_prob adds up others than event_shape says: of -1 axes of laws [1, 2] the event has no axis, and log_prob is the
sum of both."""
import torch

normal = torch.distributions.Normal(torch.zeros(1, 2), torch.ones(1, 2))
try:
    got = torch.distributions.Independent(normal, -1).event_shape
except ValueError:
    got = "an error"
assert got == "an error", f"got events of shape {got}, expected an error"
