"""ALBERT, small, with the same activation on both sides: transformers' AlbertModel and paddlenlp's."""

SIZES = {
    "vocab_size": 1000,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
    "type_vocab_size": 2,
    "embedding_size": 16,
    "hidden_act": "gelu",
}


def torch_model():
    from transformers import AlbertConfig, AlbertModel

    return AlbertModel(AlbertConfig(**SIZES))


def paddle_model():
    from paddlenlp.transformers import AlbertConfig, AlbertModel

    return AlbertModel(AlbertConfig(**SIZES))


inputs = {"shape": ("batch", 12), "dtype": "int64", "low": 2, "high": 1000}
