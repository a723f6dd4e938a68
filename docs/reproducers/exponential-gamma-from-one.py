"""exponential-gamma-from-one: paddle >=2.6.2, <3.4. Promised: The rate is multiplied by gamma after every epoch.
Instead: ExponentialDecay asserts 0 < gamma < 1; torch's ExponentialLR takes any factor."""
import paddle

try:
    paddle.optimizer.lr.ExponentialDecay(0.1, gamma=1.0)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
