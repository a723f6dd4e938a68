"""random-in-place-absent: paddle >=2.6.2, <3.3. Promised: Each integer from a lowest to below a highest equally
often, in the dtype of a tensor. Instead: random_ came with 3.3."""
import paddle

assert hasattr(paddle.zeros([2]), "random_"), "got no Tensor.random_, expected one that draws integers in place"
