"""A sequence classifier on paddle's recurrent layers: simple RNN, LSTM or GRU."""

from __future__ import annotations

import paddle
from paddle import nn

LAYERS = {"rnn": nn.SimpleRNN, "lstm": nn.LSTM, "gru": nn.GRU}


class RNNClassifier(nn.Layer):
    """Classifier of sequences [batch, time, input_size] into logits [batch, classes].

    With ``vocabulary`` the input is instead int64 tokens [batch, time] below it, looked up in ``embedding``. ``head``
    reads the output of the last time step. Raises ValueError for an unknown ``kind``.
    """

    def __init__(
        self,
        kind: str,
        input_size: int,
        hidden_size: int,
        layers: int = 1,
        bidirectional: bool = False,
        classes: int = 10,
        vocabulary: int | None = None,
    ) -> None:
        super().__init__()
        if kind not in LAYERS:
            raise ValueError(f"unknown recurrent layer {kind!r}: choose one of {', '.join(LAYERS)}")
        self.kind = kind
        self.embedding = None if vocabulary is None else nn.Embedding(vocabulary, input_size)
        direction = "bidirect" if bidirectional else "forward"
        self.recurrent = LAYERS[kind](input_size, hidden_size, num_layers=layers, direction=direction)
        self.head = nn.Linear(hidden_size * (2 if bidirectional else 1), classes)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.activations(x)["logits"]

    def activations(self, x: paddle.Tensor) -> dict[str, paddle.Tensor]:
        """outputs [batch, time, features], hidden and (LSTM) cell [layers * directions, batch, hidden], logits."""
        if self.embedding is not None:
            x = self.embedding(x)
        outputs, state = self.recurrent(x)
        hidden, *cell = state if self.kind == "lstm" else (state,)
        seen = {"outputs": outputs, "hidden": hidden}
        if cell:
            seen["cell"] = cell[0]
        seen["logits"] = self.head(outputs[:, -1])
        return seen
