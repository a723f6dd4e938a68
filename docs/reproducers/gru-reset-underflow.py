"""gru-reset-underflow: paddle >=2.6.2, <3.4. Promised: Simple RNN, LSTM and GRU classifiers agree in every state,
the logits, the loss and all gradients. The outputs of all time steps are backpropagated too: the loss alone, on the
last step, sends no gradient to the hidden weights of the last layer's reverse direction, which has taken a single
step there. Instead: The gradients of a GRU, and of what comes before it, are NaN as soon as a reset gate
underflows, that is when its pre-activation is below -88.7; torch's, and the true ones, are finite."""
import paddle

attribute = paddle.ParamAttr(initializer=paddle.nn.initializer.Constant(-100.0))
layer = paddle.nn.GRU(1, 1, weight_ih_attr=attribute)
x = paddle.ones([1, 1, 1])
x.stop_gradient = False
layer(x)[0].sum().backward()
assert paddle.isfinite(x.grad).all(), f"the gradient of the input is {x.grad.numpy()}"
