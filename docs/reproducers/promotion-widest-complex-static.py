"""promotion-widest-complex-static: paddle+static >=3.0, <3.4. Promised: A number changes a tensor's dtype only
where it is of a higher kind, to the default dtype of that kind. Instead: A complex number beside a tensor that is
not complex makes complex128 in a program, where an eager call, as promised, makes complex64 of float32 and of
integers: memory and time double, and what takes complex64 refuses it."""
import paddle


def turned(x):
    return x * 1j


x = paddle.ones([2])
eager, compiled = turned(x), paddle.jit.to_static(turned, full_graph=True)(x)
print("eager:", eager.dtype, "compiled:", compiled.dtype)
assert eager.dtype == compiled.dtype, "float32 times a complex number has 128 bits in a program"
