"""polygamma-short-series: torch >=2.4, <2.16. Promised: The higher derivatives of lgamma, of positive numbers.
Instead: Of order 1 in float64 the series stops after four terms: polygamma(1, 1.0) is 1.64493406764 for
1.64493406685, nine digits of sixteen."""
import numpy as np
import torch

x = torch.tensor(np.array(1.0, 'float64'))
got = np.asarray(torch.polygamma(1, x))[()]
expected = 1.6449340668482266
assert abs(got - expected) <= 3.7e-15, f"got {got}, expected {expected}"
