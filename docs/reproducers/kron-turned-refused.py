"""kron-turned-refused: torch >=2.4.1, <2.16. Promised: Every element of a transposed matrix times another. Instead:
A transposed matrix is refused with an error about views."""
import numpy as np
import torch

x = torch.tensor(np.array([[0.12573022, -0.13210486, 0.64042264], [0.104900114, -0.5356694, 0.36159506]], 'float32'))
y = torch.tensor(np.array([[1.304, 0.94708097, -0.70373523, -1.2654215, -0.62327445], [0.04132598, -2.3250308, -0.21879166, -1.245911, -0.7322674], [-0.544259, -0.31630015, 0.41163054, 1.0425134, -0.12853466], [1.3664634, -0.6651947, 0.35151008, 0.90347016, 0.0940123]], 'float32'))
try:
    torch.kron(x.T, y)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
