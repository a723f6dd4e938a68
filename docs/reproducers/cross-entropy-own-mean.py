"""cross-entropy-own-mean: paddle >=2.6.2, <3.4. Promised: The mean of labels that are not ignored, each as much as
its class weighs, over logits of any rank. Instead: A mean over no label at all is 0 rather than 0 / 0, which hides
a batch whose labels are all ignored; and a negative ignore_index, the default among them, counts in the mean unless
there are class weights: with half of the labels ignored the loss is half of torch's."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[2.0, -3.0, 4.0, 2.0, 4.0]], 'float32'))
labels = paddle.to_tensor(np.array([4], 'int64'))
weight = paddle.to_tensor(np.array([2.500388, 3.6795287, 1.0, 2.1732833, 2.0], 'float32'))
got = np.asarray(paddle.nn.CrossEntropyLoss(weight, 4, 'mean', axis=1)(x, labels))[()]
assert np.isnan(got), f"got {got}, expected NaN"
