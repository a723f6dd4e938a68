"""shuffle-by-numpy: paddle >=2.6.2, <3.4. Promised: Everything random that a framework does by itself is repeated
by setting the framework's own seed. Instead: RandomSampler, and with it DataLoader(shuffle=True), draws from
NumPy's global generator: paddle.seed does not repeat an order, numpy.random.seed does."""
import paddle


def order():
    paddle.seed(1)
    return list(paddle.io.RandomSampler(range(100)))


assert order() == order(), "the same seed gives two orders"
