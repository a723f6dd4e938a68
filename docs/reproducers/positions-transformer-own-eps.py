"""positions-transformer-own-eps: paddle >=2.6.2, <3.4. Promised: A layer of which only the two norms are left, by
width, heads, hidden width, dropout, activation and eps. Instead: The sixth argument of TransformerEncoderLayer is
attn_dropout, the seventh act_dropout: torch's layer_norm_eps and batch_first=True make an attention that drops and
a hidden layer of which training drops all."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.34558418, 0.82161814, 0.33043706, -1.3031572], [0.9053559, 0.44637457, -0.5369532, 0.5811181], [0.3645724, 0.2941325, 0.028422242, 0.546713]]], 'float32'))
layer = paddle.nn.TransformerEncoderLayer(x.shape[-1], 2, 8, 0.0, 'relu', 0.5, True)
with paddle.no_grad():
    for name, weight in layer.named_parameters():
        if 'norm' not in name:
            weight.zero_()
layer.eval()
got = np.asarray(layer(x))[0, 2, 2]
expected = -0.50962117
assert abs(got - expected) <= 1.5e-06, f"got {got}, expected {expected}"
