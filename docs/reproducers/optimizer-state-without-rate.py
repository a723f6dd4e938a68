"""optimizer-state-without-rate: paddle >=2.6.2, <3.4. Promised: An optimizer, its parameters and its schedule go on
from their saved state_dict as if they had never stopped. Instead: state_dict does not hold the rate of an optimizer
that has no scheduler: after set_lr a resumed run goes on with the rate of its constructor, where torch's state has
it. Else as optimizer-float32-numbers, adamax-eps-on-norm and rmsprop-eps-inside."""
import paddle

weight = paddle.create_parameter([1], "float32")
stopped, resumed = (paddle.optimizer.SGD(0.1, parameters=[weight]) for _ in range(2))
stopped.set_lr(0.5)
resumed.set_state_dict(stopped.state_dict())
got = resumed.get_lr()
assert got == 0.5, f"got a rate of {got}, expected 0.5"
