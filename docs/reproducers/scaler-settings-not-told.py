"""scaler-settings-not-told: paddle >=2.6.2, <3.4 on cpu. Promised: A scaler tells its factors and its interval as
they were given. Instead: On a CPU, where GradScaler is switched off, get_incr_ratio and the other getters of its
settings raise AttributeError."""
import numpy as np
import paddle
import warnings

try:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        scaler = paddle.amp.GradScaler(True, 2.0, 2.0, 0.5, 1)
    found = [scaler.get_incr_ratio(), scaler.get_decr_ratio(), scaler.get_incr_every_n_steps()]
    {'scale': float(scaler.get_init_loss_scaling()), 'factors': np.array(found, np.float64)}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
