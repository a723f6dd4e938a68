import paddle

paddle.set_device("cpu")
model = paddle.amp.decorate(models=paddle.nn.Linear(2, 2), level="O2", dtype="bfloat16")
assert model.weight.dtype == paddle.bfloat16, f"decorated for bfloat16, the weight is {model.weight.dtype}"
