"""LLaMA with grouped keys, small: transformers' LlamaForCausalLM and paddlenlp's."""

SIZES = {
    "vocab_size": 1000,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
    "rms_norm_eps": 1e-6,
    "use_cache": False,
}


def torch_model():
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.llama = LlamaForCausalLM(LlamaConfig(**SIZES))

        def forward(self, tokens):
            return self.llama(tokens).logits

    return Model()


def paddle_model():
    import paddle
    from paddlenlp.transformers import LlamaConfig, LlamaForCausalLM

    class Model(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.llama = LlamaForCausalLM(LlamaConfig(**SIZES))

        def forward(self, tokens):
            return self.llama(tokens, return_dict=True).logits

    return Model()


inputs = {"shape": ("batch", 12), "dtype": "int64", "high": 1000}
