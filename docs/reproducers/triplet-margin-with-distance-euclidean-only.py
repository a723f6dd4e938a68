"""triplet-margin-with-distance-euclidean-only: paddle >=3.1, <3.4. Promised: The same with a distance of one's own,
or the Euclidean one by default. Instead: The layer keeps its distance_function and never calls it: whatever is
given, the loss is of Euclidean distances."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-9.179093623704759e-07, 3.173410723148578e-06]], 'float64'))
positive = paddle.to_tensor(np.array([[1.6573148394380955e-07, -1.6500280837353182e-06]], 'float64'))
negative = paddle.to_tensor(np.array([[5.984952713191091e-07, -4.909577768725547e-07]], 'float64'))
got = np.asarray(paddle.nn.TripletMarginWithDistanceLoss(lambda a, b: (a - b).abs().sum(-1), 1.0, True, 'mean')(x, positive, negative))[()]
expected = 1.0000043152455589
assert abs(got - expected) <= 6.7e-16, f"got {got}, expected {expected}"
