"""cross-entropy-int32-labels: torch >=2.12, <2.16. Promised: Labels of any integer dtype name the same classes.
Instead: Labels must be int64 or uint8; int32 is refused."""
import numpy as np
import torch
from torch.nn import functional

logits = torch.tensor(np.array([[1.0, 1.0]], 'float32'))
labels = torch.tensor(np.array([1], 'int32'))
try:
    functional.cross_entropy(logits, labels)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
