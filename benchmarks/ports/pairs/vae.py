"""The decoder and encoder of latent diffusion, small: diffusers' AutoencoderKL and ppdiffusers'."""

SIZES = {
    "block_out_channels": (8, 16),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "latent_channels": 4,
    "down_block_types": ("DownEncoderBlock2D", "DownEncoderBlock2D"),
    "up_block_types": ("UpDecoderBlock2D", "UpDecoderBlock2D"),
}


def torch_model():
    import torch
    from diffusers import AutoencoderKL

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.vae = AutoencoderKL(**SIZES)

        def forward(self, sample):
            return self.vae(sample).sample

    return Model()


def paddle_model():
    import paddle
    from ppdiffusers import AutoencoderKL

    class Model(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.vae = AutoencoderKL(**SIZES)

        def forward(self, sample):
            return self.vae(sample).sample

    return Model()


inputs = ("batch", 3, 16, 16)
