"""defaults-rmsprop: paddle >=2.6.2, <3.4. Promised: An optimizer that is given parameters, and perhaps a rate,
takes what torch documents for all the rest. Instead: Where they are not given, RMSProp's rho is 0.95 and its
epsilon 1e-6; torch's alpha is 0.99 and its eps 1e-8. A learning rate must be given, torch's is 0.01. And see
rmsprop-eps-inside."""
import inspect

from paddle.optimizer import RMSProp

given = inspect.signature(RMSProp.__init__).parameters
got = given["rho"].default, given["epsilon"].default
assert got == (0.99, 1e-8), f"rho and epsilon are {got} by default, torch's alpha and eps (0.99, 1e-08)"
