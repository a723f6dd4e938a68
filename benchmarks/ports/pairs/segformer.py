"""SegFormer's encoder and head, small: transformers' SegformerForSemanticSegmentation and paddleseg's SegFormer."""


def torch_model():
    import torch
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.segformer = SegformerForSemanticSegmentation(
                SegformerConfig(
                    depths=[1, 1, 1, 1],
                    hidden_sizes=[8, 16, 24, 32],
                    num_attention_heads=[1, 2, 3, 4],
                    decoder_hidden_size=16,
                    num_labels=5,
                    drop_path_rate=0.0,
                )
            )

        def forward(self, pixels):
            small = self.segformer(pixels).logits
            return torch.nn.functional.interpolate(small, pixels.shape[2:], mode="bilinear")

    return Model()


def paddle_model():
    import functools

    import paddle
    from paddleseg.models.backbones.mix_transformer import MixVisionTransformer
    from paddleseg.models.segformer import SegFormer

    encoder = MixVisionTransformer(
        img_size=64,
        embed_dims=[8, 16, 24, 32],
        num_heads=[1, 2, 3, 4],
        depths=[1, 1, 1, 1],
        mlp_ratios=[4, 4, 4, 4],
        qkv_bias=True,
        norm_layer=functools.partial(paddle.nn.LayerNorm, epsilon=1e-6),
    )

    class Model(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.segformer = SegFormer(5, encoder, 16)

        def forward(self, pixels):
            return self.segformer(pixels)[0]

    return Model()


inputs = ("batch", 3, 64, 64)
merged = {
    f"segformer.backbone.block{stage + 1}.0.attn.kv": [
        f"segformer.segformer.stages.{stage}.blocks.0.attention.{part}_proj" for part in "kv"
    ]
    for stage in range(4)
}
