"""master-weights-stand-still: paddle >=3.0, <3.4 on cpu. Promised: With masters a weight in bfloat16 is the float32
weight of the same steps, rounded once; without, at each step. The state that is saved holds the float32 weight,
from which a resumed run goes on. Instead: On a CPU multi_precision=True makes float32 masters and never steps them:
weights in bfloat16 are rounded at each step, so that eight steps of 2**-10 from 1 leave 1, and the masters in a
saved state are the weights before the first step."""
import paddle

paddle.set_device("cpu")
ones = paddle.nn.initializer.Constant(1.0)
weight = paddle.create_parameter([1], "bfloat16", default_initializer=ones)
optimizer = paddle.optimizer.SGD(2.0**-10, parameters=[weight], multi_precision=True)
for _ in range(8):
    optimizer.clear_grad()
    weight.sum().backward()
    optimizer.step()
master = optimizer.state_dict()["master_weights"][weight.name].item()
assert master == 1 - 8 * 2.0**-10, f"after eight steps of 2**-10 the master of 1.0 is {master}"
