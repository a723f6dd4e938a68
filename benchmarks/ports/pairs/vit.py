"""A vision transformer, small: timm's VisionTransformer and ppim's."""

SIZES = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 4, "qkv_bias": True}


def torch_model():
    from timm.models.vision_transformer import VisionTransformer

    return VisionTransformer(**SIZES, num_classes=5)


def paddle_model():
    from ppim.models.vit import VisionTransformer

    return VisionTransformer(**SIZES, class_dim=5, epsilon=1e-6)


inputs = ("batch", 3, 32, 32)
