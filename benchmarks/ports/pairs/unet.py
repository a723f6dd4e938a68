"""The U-Net of a diffusion model, small: diffusers' UNet2DModel and ppdiffusers'."""

SIZES = {
    "sample_size": 16,
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "attention_head_dim": 8,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
}


def torch_model():
    import torch
    from diffusers import UNet2DModel

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unet = UNet2DModel(**SIZES)

        def forward(self, sample, time):
            return self.unet(sample, time).sample

    return Model()


def paddle_model():
    import paddle
    from ppdiffusers import UNet2DModel

    class Model(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.unet = UNet2DModel(**SIZES)

        def forward(self, sample, time):
            return self.unet(sample, time).sample

    return Model()


inputs = [("batch", 3, 16, 16), {"shape": ("batch",), "dtype": "int64", "high": 1000}]
