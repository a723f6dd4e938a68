"""optimizer-nadam-absent: paddle >=2.6.2, <3.0. Promised: NAdam moves parameters by the formula. Instead: NAdam,
RAdam and Rprop came with 3.0."""
import paddle

assert hasattr(paddle.optimizer, "NAdam"), "got no paddle.optimizer.NAdam, expected what torch.optim has"
