"""half-precision-over-processes: paddle+ranks >=3.0, <3.4. Promised: All processes, or one of them, get the sum,
mean, product, largest or smallest of what each has, in its dtype. Instead: In float16, all_reduce and reduce
compute with the bits of the numbers: the sum over processes of 1 and 2 is infinity, and the largest of -1 and 2 is
-1. bfloat16 is right."""
import os
import socket
import subprocess
import sys

CALLS = """
import paddle
import paddle.distributed as dist
dist.init_parallel_env()
x = paddle.to_tensor([1.0 + dist.get_rank()], "float16")
dist.all_reduce(x)
print(x.astype("float32").item())
"""
with socket.create_server(("127.0.0.1", 0)) as one:
    at = "127.0.0.1:%d" % one.getsockname()[1]
said = {"PADDLE_DISTRI_BACKEND": "gloo", "PADDLE_MASTER": at, "PADDLE_CURRENT_ENDPOINT": at, "PADDLE_TRAINERS_NUM": "2"}
envs = [{**os.environ, **said, "PADDLE_TRAINER_ENDPOINTS": at, "PADDLE_TRAINER_ID": rank} for rank in "01"]
both = [subprocess.Popen([sys.executable, "-c", CALLS], env=env, stdout=-1, stderr=-1, text=True) for env in envs]
got = both[1].communicate()[0].splitlines()[-1:]
assert got == ["3.0"], f"got {got}"
