"""adam-huge-square-first: paddle >=2.6.2, <3.4 on a processor with AVX512F. Promised: An Adam step on gradients up
to 1e20 keeps a finite second moment and moves the parameters. Instead: Where the processor has AVX-512, Adam's
kernel (phi/kernels/funcs/jit/gen/adam.cc) forms g * g before it multiplies by 1 - beta2: for |g| above 1.8e19 the
second moment becomes infinite and the parameter never moves again; torch's stays finite, and paddle's own on other
processors."""
import paddle

weight = paddle.create_parameter([16], "float32", default_initializer=paddle.nn.initializer.Constant(0.0))
optimizer = paddle.optimizer.Adam(1e-3, parameters=[weight])
(weight * 3e19).sum().backward()
optimizer.step()
got = float(weight[0])
assert abs(got + 1e-3) <= 1e-6, f"parameter after a gradient of 3e19: got {got}, expected -0.001"
