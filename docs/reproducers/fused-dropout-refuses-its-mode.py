"""fused-dropout-refuses-its-mode: paddle >=2.6.2, <3.4. Promised: FusedDropout in evaluation: what is given, or
with mode='downscale_in_infer' 1 - p of it. Instead: FusedDropout(mode='downscale_in_infer') raises an error that
says that the mode should be 'downscale_in_infer'."""
import paddle

try:
    layer = paddle.incubate.nn.FusedDropout(p=0.5, mode="downscale_in_infer")
    layer.eval()
    got = layer(paddle.ones([2])).tolist()
except Exception as error:
    got = f"{type(error).__name__}: {error}"
assert got == [0.5, 0.5], f"got {got}, expected [0.5, 0.5]"
