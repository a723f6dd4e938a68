"""loader-length-demanded: paddle >=2.6.2, <3.4. Promised: A loader gives every item once, in order, in the batches
that were asked for, as its collation makes them. Instead: list() of a DataLoader over a stream raises: its length
is a ValueError, where Python takes a TypeError for 'no length'."""
import numpy as np
import paddle

Stream = type("Stream", (paddle.io.IterableDataset,), {"__iter__": lambda self: iter([np.ones(2)])})
loader = paddle.io.DataLoader(Stream(), batch_size=1)
try:
    list(loader)
except Exception as error:
    raise AssertionError(f"got {type(error).__name__}: {error}, expected one batch") from error
