"""fused-dropout-refuses-its-mode: paddle >=2.6.2, <3.4. Promised: FusedDropout(mode="downscale_in_infer") leaves the
numbers that are kept and multiplies by 1 - p in evaluation. Instead: An error says that the mode should be
"downscale_in_infer"."""
import paddle

try:
    layer = paddle.incubate.nn.FusedDropout(p=0.5, mode="downscale_in_infer")
    layer.eval()
    got = layer(paddle.ones([2])).tolist()
except Exception as error:
    got = f"{type(error).__name__}: {error}"
assert got == [0.5, 0.5], f"got {got}, expected [0.5, 0.5]"
