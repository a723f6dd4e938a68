"""Swin, small, with shifted windows: timm's SwinTransformer and ppim's."""

SIZES = {
    "img_size": 32,
    "patch_size": 2,
    "embed_dim": 16,
    "depths": (2, 2),
    "num_heads": (2, 4),
    "window_size": 4,
    "drop_path_rate": 0.0,
}


def torch_model():
    from timm.models.swin_transformer import SwinTransformer

    return SwinTransformer(**SIZES, num_classes=5)


def paddle_model():
    from ppim.models.swin import SwinTransformer

    return SwinTransformer(**SIZES, class_dim=5)


inputs = ("batch", 3, 32, 32)
