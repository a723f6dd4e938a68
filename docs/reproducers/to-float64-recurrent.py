"""to-float64-recurrent: paddle >=2.6.2, <3.4. Promised: Converted to float64, a layer keeps every value, and every
parameter and buffer is float64. Instead: Layer.to(dtype=...) fails on a recurrent layer, and so on every model that
holds one: it converts the layer's buffer for dropout masks, which has no values before the layer has run on a
GPU."""
import paddle

try:
    paddle.nn.LSTM(1, 1).to(dtype="float64")
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
