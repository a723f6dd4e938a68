"""step-gamma-from-one: paddle >=2.6.2, <3.4. Promised: The rate is multiplied by gamma after every ``step_size``
epochs. Instead: StepDecay refuses a gamma of 1 or more, as its documentation says; torch's StepLR keeps or raises
the rate with it."""
import paddle

try:
    paddle.optimizer.lr.StepDecay(0.1, step_size=2, gamma=1.0)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
