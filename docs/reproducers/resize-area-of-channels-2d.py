"""resize-area-of-channels-2d: paddle+nhwc >=2.6.2, <3.4. Promised: interpolate along two axes by every mode that
both have. Instead: With mode='area', data_format is ignored: the areas are those of rows and channels, and the
result has another shape."""
import paddle

x = paddle.arange(16, dtype="float32").reshape([1, 4, 4, 1])
got = paddle.nn.functional.interpolate(x, size=[2, 2], mode="area", data_format="NHWC")
assert got.shape == [1, 2, 2, 1], f"an image of 4 x 4 pixels and one channel becomes {got.shape}"
