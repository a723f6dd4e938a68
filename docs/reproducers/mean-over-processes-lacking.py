"""mean-over-processes-lacking: paddle+ranks >=3.0, <3.4. Promised: All processes, or one of them, get the sum,
mean, product, largest or smallest of what each has, in its dtype. Instead: Where processes ask for their mean,
all_reduce raises AttributeError on a CPU: it looks for the version of NCCL, which a CPU build does not have. reduce
gives the mean."""
import os
import socket
import subprocess
import sys

CALLS = """
import paddle
import paddle.distributed as dist
dist.init_parallel_env()
x = paddle.to_tensor([1.0 + dist.get_rank()])
dist.all_reduce(x, dist.ReduceOp.AVG)
print(x.item())
"""
with socket.create_server(("127.0.0.1", 0)) as one:
    at = "127.0.0.1:%d" % one.getsockname()[1]
said = {"PADDLE_DISTRI_BACKEND": "gloo", "PADDLE_MASTER": at, "PADDLE_CURRENT_ENDPOINT": at, "PADDLE_TRAINERS_NUM": "2"}
envs = [{**os.environ, **said, "PADDLE_TRAINER_ENDPOINTS": at, "PADDLE_TRAINER_ID": rank} for rank in "01"]
both = [subprocess.Popen([sys.executable, "-c", CALLS], env=env, stdout=-1, stderr=-1, text=True) for env in envs]
got = both[1].communicate()[0].splitlines()[-1:]
assert got == ["1.5"], f"got {got}"
