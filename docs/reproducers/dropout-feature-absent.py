"""dropout-feature-absent: paddle >=2.6.2, <3.0. Promised: What is dropped becomes the least value of a SELU, then
all is scaled and shifted to keep mean and variance. Instead: There is no FeatureAlphaDropout."""
import paddle

assert hasattr(paddle.nn, "FeatureAlphaDropout"), "got no paddle.nn.FeatureAlphaDropout, expected what torch.nn has"
