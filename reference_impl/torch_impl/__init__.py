"""Torch's side of the pair: read each file beside the file of the same name in ``paddle_impl``."""
