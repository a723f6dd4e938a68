"""parameter-bfloat16-no-default: paddle >=2.6.2, <3.4. Promised: A parameter may be made in each format that its
framework computes in. Instead: create_parameter refuses bfloat16 without a default_initializer, with a message that
lists bfloat16 among the dtypes that have one."""
import paddle

try:
    made = paddle.create_parameter([1], 'bfloat16')
    {'dtype': str(made.dtype).rpartition('.')[2], 'size': int(made.numel())}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
