"""decorate-nothing-on-cpu: paddle >=2.6.2, <3.4 on cpu. Promised: A model for level O2 has weights in the lower
format, but for those of batch norm, and is saved as asked. Instead: On a CPU amp.decorate returns the model as it
was, in float32, and says nothing; a level that does not exist is refused there too."""
import paddle

paddle.set_device("cpu")
model = paddle.amp.decorate(models=paddle.nn.Linear(2, 2), level="O2", dtype="bfloat16")
assert model.weight.dtype == paddle.bfloat16, f"decorated for bfloat16, the weight is {model.weight.dtype}"
