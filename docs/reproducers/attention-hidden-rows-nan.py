"""attention-hidden-rows-nan: torch >=2.4.1, <2.5. Promised: A query that may look at nothing gets zeros. Instead: A
query that may look at nothing gets NaN, and makes all gradients of its head NaN."""
import numpy as np
import torch

query = torch.tensor(np.array([[[[0.12573022, -0.13210486, 0.64042264, 0.104900114], [-0.5356694, 0.36159506, 1.304, 0.94708097]]], [[[-0.70373523, -1.2654215, -0.62327445, 0.04132598], [-2.3250308, -0.21879166, -1.245911, -0.7322674]]]], 'float32'))
key = torch.tensor(np.array([[[[-0.544259, -0.31630015, 0.41163054, 1.0425134], [-0.12853466, 1.3664634, -0.6651947, 0.35151008], [0.90347016, 0.0940123, -0.7434993, -0.9217254]]], [[[-0.45772582, 0.22019513, -1.0096182, -0.20917557], [-0.15922502, 0.5408456, 0.21465912, 0.3553727], [-0.6538286, -0.12961364, 0.7839755, 1.4934311]]]], 'float32'))
value = torch.tensor(np.array([[[[-1.2590655, 1.5139238, 1.3458754, 0.7813114], [0.26445562, -0.31392282, 1.4580207, 1.9602584], [1.8016349, 1.3151038, 0.35738042, -1.2083186]]], [[[-0.004454133, 0.65647495, -1.2883614, 0.39512205], [0.4298637, 0.6960427, -1.1841179, -0.6617026], [-0.43643525, -1.169802, 1.7393678, -0.49591073]]]], 'float32'))
mask = torch.tensor(np.array([[True], [False]], 'bool'))
got = np.asarray(torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask & (key[0, 0, :, 0] == key[0, 0, :, 0])))[0, 0, 1, 0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
