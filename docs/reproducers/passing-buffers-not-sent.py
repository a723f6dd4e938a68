"""passing-buffers-not-sent: paddle+ranks >=2.6.2, <3.4. Promised: A data-parallel module begins with the parameters
and buffers that rank 0 has, of every dtype. Instead: DataParallel sends the buffers of rank 0 to the others when it
is made, but none that is registered with persistable=False: processes begin with different ones."""
import os
import socket
import subprocess
import sys

CALLS = """
import paddle
import paddle.distributed as dist
dist.init_parallel_env()
layer = paddle.nn.Linear(1, 1)
layer.register_buffer("b", paddle.to_tensor([1.0 + dist.get_rank()]), persistable=False)
whole = paddle.DataParallel(layer)
print(layer.b.item())
"""
with socket.create_server(("127.0.0.1", 0)) as one:
    at = "127.0.0.1:%d" % one.getsockname()[1]
said = {"PADDLE_DISTRI_BACKEND": "gloo", "PADDLE_MASTER": at, "PADDLE_CURRENT_ENDPOINT": at, "PADDLE_TRAINERS_NUM": "2"}
envs = [{**os.environ, **said, "PADDLE_TRAINER_ENDPOINTS": at, "PADDLE_TRAINER_ID": rank} for rank in "01"]
both = [subprocess.Popen([sys.executable, "-c", CALLS], env=env, stdout=-1, stderr=-1, text=True) for env in envs]
got = both[1].communicate()[0].splitlines()[-1:]
assert got == ["1.0"], f"got {got}"
