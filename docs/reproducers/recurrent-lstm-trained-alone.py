"""recurrent-lstm-trained-alone: paddle >=2.6.2, <3.4. Promised: Results, last states and all gradients of LSTM
layers. Instead: In evaluation a gradient raises an error (the tensor holds no memory), where torch gives it."""
import paddle

layer = paddle.nn.LSTM(1, 1)
layer.eval()
try:
    layer(paddle.ones([1, 1, 1]))[0].sum().backward()
except Exception as error:
    raise AssertionError(f"got {error}, expected gradients") from error
