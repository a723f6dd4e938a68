"""GPT-2, small, with the exact GELU in torch: transformers' GPT2Model and paddlenlp's GPTModel."""

SIZES = {"vocab_size": 1000}


def torch_model():
    import torch
    from transformers import GPT2Config, GPT2Model

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.gpt = GPT2Model(
                GPT2Config(
                    **SIZES, n_embd=32, n_layer=2, n_head=4, n_positions=40, activation_function="gelu", use_cache=False
                )
            )

        def forward(self, tokens):
            return self.gpt(tokens).last_hidden_state

    return Model()


def paddle_model():
    from paddlenlp.transformers import GPTConfig, GPTModel

    return GPTModel(
        GPTConfig(
            **SIZES,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            max_position_embeddings=40,
        )
    )


inputs = {"shape": ("batch", 12), "dtype": "int64", "low": 1, "high": 1000}
merged = {
    f"gpt.h.{layer}.attn.c_attn": [f"decoder.layers.{layer}.self_attn.{part}_proj" for part in "qkv"]
    for layer in range(2)
}
names = {
    f"gpt.h.{layer}.{one}.{tensor}": f"decoder.layers.{layer}.{other}.{tensor}"
    for layer in range(2)
    for one, other in (("attn.c_proj", "self_attn.out_proj"), ("mlp.c_fc", "linear1"), ("mlp.c_proj", "linear2"))
    for tensor in ("weight", "bias")
}
