"""Plain float64 functions for every layer the reference models use: the third party that says who is wrong.

Shapes and parameter layouts are torch's. Functions that are linear in an argument may be called on absolute values or
squares to obtain the sums that error bounds need. This module only gathers the names; each topic has its own file.
"""

from __future__ import annotations

from reference_impl.oracle.convolution import (
    conv2d,
    conv2d_bias_gradient,
    conv2d_input_gradient,
    conv2d_weight_gradient,
)
from reference_impl.oracle.elementary import (
    embedding,
    embedding_gradient,
    linear,
    linear_bias_gradient,
    linear_input_gradient,
    linear_weight_gradient,
    log_softmax,
    relu,
    relu_gradient,
    sigmoid,
    sigmoid_gradient,
    softmax,
    tanh,
    tanh_gradient,
)
from reference_impl.oracle.normalization import (
    batch_norm_eval,
    batch_norm_eval_gradients,
    batch_norm_train,
    batch_norm_train_gradients,
    batch_statistics,
    running_statistics,
)
from reference_impl.oracle.pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_gradient,
    avg_pool2d,
    avg_pool2d_gradient,
    max_pool2d,
    max_pool2d_gradient,
)
from reference_impl.oracle.recurrent import (
    gru,
    lstm,
    simple_rnn,
)

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_gradient",
    "avg_pool2d",
    "avg_pool2d_gradient",
    "batch_norm_eval",
    "batch_norm_eval_gradients",
    "batch_norm_train",
    "batch_norm_train_gradients",
    "batch_statistics",
    "conv2d",
    "conv2d_bias_gradient",
    "conv2d_input_gradient",
    "conv2d_weight_gradient",
    "embedding",
    "embedding_gradient",
    "gru",
    "linear",
    "linear_bias_gradient",
    "linear_input_gradient",
    "linear_weight_gradient",
    "log_softmax",
    "lstm",
    "max_pool2d",
    "max_pool2d_gradient",
    "relu",
    "relu_gradient",
    "running_statistics",
    "sigmoid",
    "sigmoid_gradient",
    "simple_rnn",
    "softmax",
    "tanh",
    "tanh_gradient",
]
