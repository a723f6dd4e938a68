"""Reference implementations: the same small training programs in torch, in paddle, and as a NumPy oracle.

``torch_impl`` and ``paddle_impl`` have the same files with the same names in them, so that a difference between two
files is a difference between the frameworks. ``oracle`` computes what both should have found, in float64;
``transfer`` carries weights and optimizer state from one to the other. Importing this package imports no framework.
"""
