"""compat-absent: paddle >=2.6.2, <3.2. Promised: paddle.compat has torch's functions. Instead: There is no
paddle.compat."""
import paddle

assert hasattr(paddle, "compat"), "got no paddle.compat, expected one with torch's functions"
