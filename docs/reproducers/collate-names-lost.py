"""collate-names-lost: paddle >=2.6.2, <3.4. Promised: Numbers and arrays of a batch are put together part by part,
whatever holds them; texts stay as they are. Instead: A named tuple of parts becomes a list: batch.x is an error
where it is an array in torch."""
from collections import namedtuple

import numpy as np
from paddle.io.dataloader.collate import default_collate_fn

Item = namedtuple("Item", ["x"])
got = default_collate_fn([Item(np.zeros(2)), Item(np.ones(2))])
assert hasattr(got, "x"), f"got {type(got).__name__} without x, expected Item"
