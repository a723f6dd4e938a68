"""T5, small: transformers' T5ForConditionalGeneration and paddlenlp's."""

SIZES = {
    "vocab_size": 1000,
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 64,
    "num_layers": 2,
    "num_decoder_layers": 2,
    "num_heads": 4,
    "decoder_start_token_id": 0,
    "use_cache": False,
}


def torch_model():
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.t5 = T5ForConditionalGeneration(T5Config(**SIZES))

        def forward(self, source, target):
            return self.t5(input_ids=source, decoder_input_ids=target).logits

    return Model()


def paddle_model():
    import paddle
    from paddlenlp.transformers import T5Config, T5ForConditionalGeneration

    class Model(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.t5 = T5ForConditionalGeneration(T5Config(**SIZES))

        def forward(self, source, target):
            return self.t5(input_ids=source, decoder_input_ids=target, return_dict=True).logits

    return Model()


inputs = [{"shape": ("batch", length), "dtype": "int64", "low": 1, "high": 1000} for length in (12, 9)]
