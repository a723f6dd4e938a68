"""The best sequence of tags, the paths of a beam, and the distance of two texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Rejects, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from suites.images import same

AREA = "text decoding"
SCORES = 2**16
"""Scores are whole numbers below this, of which every sum is exact in float32."""


def tagged() -> st.SearchStrategy[list[Sample]]:
    """Emissions, transitions and lengths, the longest of which is that of the batch; no two best sequences tie."""

    def make(seed: int, batch: int, steps: int, tags: int, ends: bool, how: str) -> list[Sample]:
        rng = generator(seed)
        found: list[Sample] = []
        while len(found) < 2:
            dtype = ("float32", "float64")[len(found)]
            lengths = np.append(rng.integers(1, steps + 1, batch - 1), steps).astype(np.int64)
            scores = rng.integers(-SCORES, SCORES, (batch, steps, tags)).astype(dtype)
            moves = rng.integers(-SCORES, SCORES, (tags, tags)).astype(dtype)
            given: dict[str, Any] = {"scores": scores, "moves": moves, "lengths": lengths, "ends": ends, "how": how}
            if all(decided(**given, stop=stop) for stop in (moves[:, -2], moves[-2])):
                found.append(Sample(given))
        return found

    how = st.sampled_from(("function", "layer"))
    return st.builds(make, seeds, st.integers(1, 3), st.integers(1, 5), st.integers(2, 5), st.booleans(), how)


def best(
    scores: np.ndarray, moves: np.ndarray, lengths: np.ndarray, ends: bool, stop: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """The score and the tags of each best sequence, 0 behind its end, and whether none had an equal.

    ends: scores of the first tag are in the last row of the moves, and those of the last tag in ``stop``.
    """
    totals, paths, alone = np.zeros(len(scores)), np.zeros(scores.shape[:2], np.int64), True

    def largest(ways: np.ndarray) -> np.ndarray:
        nonlocal alone
        alone = alone and bool(((ways == ways.max(0)).sum(0) == 1).all())
        return np.asarray(ways.argmax(0))

    for row, length in enumerate(lengths):
        total = scores[row, 0] + (moves[-1] if ends else 0)
        steps = []
        for place in range(1, length):
            ways = total[:, None] + moves
            steps.append(largest(ways))
            total = ways.max(0) + scores[row, place]
        total = total + (stop if ends else 0)
        tag = int(largest(total))
        totals[row] = total[tag]
        for place in range(length - 1, -1, -1):
            paths[row, place] = tag
            tag = int(steps[place - 1][tag]) if place else tag
    return totals, paths, alone


def decided(scores: Any, moves: Any, lengths: Any, ends: bool, how: str, stop: Any) -> bool:
    """Whether no two best sequences tie, on the way or at the end."""
    return best(scores, moves, lengths, ends, stop)[2]


@contract(
    "decoding.viterbi",
    area=AREA,
    samples=tagged(),
    share=0.2,
    may_be_zero=("path",),
    covers=("paddle.text.viterbi_decode", "paddle.text.ViterbiDecoder"),
)
class viterbi:
    """The sequence of tags with the best sum of emissions and transitions, from a start and to a stop tag or not."""

    @staticmethod
    def torch(scores, moves, lengths, ends, how):
        import torch

        paths, totals = torch.zeros(scores.shape[:2], dtype=torch.int64), []
        for row, length in enumerate(lengths.tolist()):
            total, steps = scores[row, 0] + (moves[-1] if ends else 0), []
            for emitted in scores[row, 1:length]:
                found = (total[:, None] + moves).max(0)
                steps.append(found.indices)
                total = found.values + emitted
            total = total + (moves[:, -2] if ends else 0)
            totals.append(total.max())
            paths[row, length - 1] = total.argmax()
            for place in range(length - 1, 0, -1):
                paths[row, place - 1] = steps[place - 1][paths[row, place]]
        return {"score": torch.stack(totals), "path": paths}

    @staticmethod
    def paddle(scores, moves, lengths, ends, how):
        from paddle.text import ViterbiDecoder, viterbi_decode

        if how == "function":
            score, path = viterbi_decode(scores, moves, lengths, ends)
        else:
            score, path = ViterbiDecoder(moves, ends)(scores, lengths)
        return {"score": score, "path": path}

    @staticmethod
    def oracle(scores, moves, lengths, ends, how):
        return _decoded(scores, moves, lengths, ends, moves[:, -2])

    @staticmethod
    def variant_stop_from_row(scores, moves, lengths, ends, how):
        """The scores of the stop tag are those of leaving it."""
        return _decoded(scores, moves, lengths, ends, moves[-2])

    @staticmethod
    def variant_two_tags_refused(scores, moves, lengths, ends, how):
        """Two tags in all are refused; else as stop_from_row."""
        if scores.shape[2] == 2:
            return Rejects("two tags", error="start row index must be less than the end row index")
        return _decoded(scores, moves, lengths, ends, moves[-2])


def _decoded(scores, moves, lengths, ends, stop):
    total, path, _ = best(scores, moves, lengths, ends, stop)
    return {"score": accuracy.exact(total, str(scores.dtype), signed=False), "path": same(path)}


def beams() -> st.SearchStrategy[Sample]:
    """Tokens [T, B, K] of the steps of a beam search, with the beam that each came from."""

    def make(seed: int, steps: int, batch: int, width: int, dtype: str) -> Sample:
        rng = generator(seed)
        tokens = rng.integers(0, 9, (steps, batch, width)).astype(dtype)
        return Sample({"tokens": tokens, "parents": rng.integers(0, width, tokens.shape).astype(dtype)})

    counts = (st.integers(1, 6), st.integers(1, 3), st.integers(1, 4))
    return st.builds(make, seeds, *counts, st.sampled_from(("int64", "int32")))


@contract(
    "decoding.gather_tree",
    area=AREA,
    samples=beams(),
    share=0.2,
    may_be_zero=("output",),
    covers=("paddle.nn.functional.gather_tree",),
)
class gather_tree:
    """The whole sequence of each beam of the last step, by following the beams that it came from."""

    @staticmethod
    def torch(tokens, parents):
        import torch

        beam = torch.arange(tokens.shape[2]).expand(tokens.shape[1:])
        found = []
        for token, parent in zip(tokens.flip(0), parents.flip(0), strict=True):
            found.append(token.gather(1, beam))
            beam = parent.long().gather(1, beam)
        return torch.stack(found[::-1])

    @staticmethod
    def paddle(tokens, parents):
        from paddle.nn.functional import gather_tree

        return gather_tree(tokens, parents)

    @staticmethod
    def oracle(tokens, parents):
        found = np.empty_like(tokens)
        for row in range(tokens.shape[1]):
            for place in range(tokens.shape[2]):
                beam = place
                for step in range(len(tokens) - 1, -1, -1):
                    found[step, row, place] = tokens[step, row, beam]
                    beam = parents[step, row, beam]
        return {"output": same(found)}


def texts() -> st.SearchStrategy[Sample]:
    """Pairs of texts of tokens with their lengths; a token that is ignored now and then."""

    def make(seed: int, batch: int, long: int, other: int, ignored: list[int] | None, normalized: bool) -> Sample:
        rng = generator(seed)
        labels = rng.integers(0, 4, (batch, other))
        labels[:, 0] = 1  # is never ignored: a distance is not divided by none
        inputs = {"text": rng.integers(0, 4, (batch, long)), "label": labels}
        sizes = [np.append(rng.integers(1, most + 1, batch - 1), most).astype(np.int64) for most in (long, other)]
        options = {"ignored": ignored, "normalized": normalized}
        return Sample({**inputs, "size": sizes[0], "label_size": sizes[1], **options})

    counts = (st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))
    return st.builds(make, seeds, *counts, st.sampled_from((None, None, [3])), st.booleans())


def distance(one: list[int], other: list[int]) -> int:
    """How many tokens must be put in, left out or changed to make one text of the other."""
    row = list(range(len(other) + 1))
    for place, token in enumerate(one, start=1):
        last, row = row, [place]
        for at, label in enumerate(other, start=1):
            row.append(min(last[at] + 1, row[-1] + 1, last[at - 1] + (token != label)))
    return row[-1]


def _distances(text, label, size, label_size, ignored, normalized):
    found = []
    for row in range(len(text)):
        given = [text[row][: int(size[row])], label[row][: int(label_size[row])]]
        one, other = ([int(token) for token in each if token not in (ignored or [])] for each in given)
        found.append([distance(one, other) / (len(other) if normalized else 1)])
    return found


@contract(
    "decoding.edit_distance",
    area=AREA,
    samples=texts(),
    share=0.3,
    may_be_zero=("distance",),
    covers=("paddle.nn.functional.loss.edit_distance",),
)
class edit_distance:
    """The distance of each text from its label, by the length of the label or not, and how many texts there are."""

    @staticmethod
    def torch(text, label, size, label_size, ignored, normalized):
        import torch

        found = _distances(text.tolist(), label.tolist(), size, label_size, ignored, normalized)
        return {"distance": torch.tensor(found, dtype=torch.float32), "count": torch.tensor([len(text)])}

    @staticmethod
    def paddle(text, label, size, label_size, ignored, normalized):
        from paddle.nn.functional.loss import edit_distance

        found = edit_distance(text, label, normalized, ignored, size, label_size)
        return {"distance": found[0], "count": found[1]}

    @staticmethod
    def oracle(text, label, size, label_size, ignored, normalized):
        found = np.array(_distances(text, label, size, label_size, ignored, normalized))
        return {"distance": accuracy.rounded(found, 1), "count": same(np.array([len(text)], np.int64))}

    @staticmethod
    def variant_count_first(text, label, size, label_size, ignored, normalized):
        """The count comes before the distances, and no token is ignored."""
        if ignored is not None:
            return Rejects("tokens to be ignored", error="Expected ignored_tokens is None")
        found = edit_distance.oracle(text, label, size, label_size, ignored, normalized)
        return {"distance": found["count"], "count": found["distance"]}

    @staticmethod
    def variant_of_sequences(text, label, size, label_size, ignored, normalized):
        """Tokens are ignored in tensors alone that know of sequences, which cannot be made any more."""
        if ignored is not None:
            words = "does not contain LoD information" if text.shape[1] == 1 else "with the 2nd dimension equal to 1"
            return Rejects("tokens to be ignored", error=words)
        return edit_distance.oracle(text, label, size, label_size, ignored, normalized)
