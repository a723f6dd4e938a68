"""NumPy float64 reference implementations: the third party that decides which framework is wrong.

Nothing here imports a framework. `nn` and `losses` are plain functions; `tape` carries a first-order error estimate
through any chain of layers, forward and backward; `models` are the reference networks built on it.
"""
