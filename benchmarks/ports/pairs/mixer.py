"""MLP-Mixer, small: timm's MlpMixer and ppim's."""


def torch_model():
    from timm.models.mlp_mixer import MlpMixer

    return MlpMixer(num_classes=5, img_size=32, patch_size=8, num_blocks=2, embed_dim=32, mlp_ratio=(0.5, 4.0))


def paddle_model():
    from ppim.models.mixer import MlpMixer

    return MlpMixer(
        img_size=(32, 32),
        patch_size=(8, 8),
        num_blocks=2,
        hidden_dim=32,
        tokens_mlp_dim=16,
        channels_mlp_dim=128,
        class_dim=5,
    )


inputs = ("batch", 3, 32, 32)
