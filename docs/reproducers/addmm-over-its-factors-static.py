"""addmm-over-its-factors-static: paddle+static >=3.3, <3.4. Promised: Of float64 numbers a call gives twelve
digits, also where an attribute of it is no float32 number. Instead: addmm and baddbmm of a tensor that the program
made and that needs no gradient write their result over it. Where it is a factor too, as in addmm(a, a, b,
beta=0.5), the product is formed of the new numbers: another result altogether, and nothing says so."""
import paddle


def product(x, y):
    made = x + 0.0
    return paddle.addmm(made, made, y, beta=0.5)


x, y = paddle.ones([500, 500]), paddle.eye(500)
eager, compiled = product(x, y), paddle.jit.to_static(product, full_graph=True)(x, y)
print("eager:", eager[0, 0].item(), "compiled:", compiled[0, 0].item())
assert paddle.allclose(eager, compiled), "half of x is added to the product of half of x, and not of x"
