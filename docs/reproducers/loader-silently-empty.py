"""loader-silently-empty: paddle >=2.6.2, <3.4. Promised: A loader gives every item once, in order, in the batches
that were asked for, as its collation makes them. Instead: A pass over items of which no part becomes an array, such
as texts, or that a collate_fn turns into a plain number, gives no batch and no error, as if the dataset were
empty."""
import paddle

got = list(iter(paddle.io.DataLoader(["a", "b", "c"], batch_size=2)))
assert len(got) == 2, f"got batches {got}, expected [['a', 'b'], ['c']]"
