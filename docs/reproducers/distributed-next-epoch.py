"""distributed-next-epoch: paddle >=2.6.2, <3.4. Promised: set_epoch alone says in which order a process gets its
items, whatever the sampler gave before. Instead: Each pass of a DistributedBatchSampler that shuffles is of the
next epoch, whether one was set or not: a run that is resumed without set_epoch, and any pass that only counts,
changes the orders that follow. In torch the epoch is the one that was set."""
from paddle.io import DistributedBatchSampler

sampler = DistributedBatchSampler(range(8), batch_size=8, num_replicas=1, rank=0, shuffle=True)
sampler.set_epoch(3)
first, second = list(sampler), list(sampler)
assert first == second, f"set_epoch(3) was followed by {first}, then by {second}"
