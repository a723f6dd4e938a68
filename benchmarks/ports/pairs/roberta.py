"""RoBERTa, small: transformers' RobertaModel and paddlenlp's."""

SIZES = {
    "vocab_size": 1000,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
    "type_vocab_size": 2,
    "pad_token_id": 1,
}


def torch_model():
    from transformers import RobertaConfig, RobertaModel

    return RobertaModel(RobertaConfig(**SIZES))


def paddle_model():
    from paddlenlp.transformers import RobertaConfig, RobertaModel

    return RobertaModel(RobertaConfig(**SIZES))


inputs = {"shape": ("batch", 12), "dtype": "int64", "low": 2, "high": 1000}
