"""amsgrad-absent: paddle ==2.6.2. Promised: Steps with AMSGrad divide by the greatest second moment so far, of
which the bias is corrected afterwards. Instead: Adam and AdamW have no option amsgrad yet."""
import paddle

try:
    paddle.optimizer.Adam(1e-3, amsgrad=True, parameters=[paddle.create_parameter([1], "float32")])
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
