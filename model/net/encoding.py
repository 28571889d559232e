"""From text to token ids: windows of a sentence for tagging, pairs with a target for stance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.errors import CheckpointError
from model.text.normalize import PLACEHOLDERS, Parity, View, normalize


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a sentence that fits the network.

    `first_tokens[i]` is the place in `input_ids` of the first token of the window's i-th word,
    `word_spans[i]` the slice of the sentence that this word stands for.
    """

    input_ids: list[int]
    token_type_ids: list[int]
    first_tokens: list[int]
    word_spans: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A holder's words and a target's name; `num_lost` tokens of the words did not fit."""

    input_ids: list[int]
    token_type_ids: list[int]
    num_lost: int


class TextEncoder:
    """Encodes text with the tokenizer of one checkpoint; `max_length` counts special tokens in."""

    def __init__(self, tokenizer: Any, max_length: int, parity: Parity = "strict") -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.parity: Parity = parity
        self._open: int = tokenizer.cls_token_id
        self._close: int = tokenizer.sep_token_id
        for placeholder in PLACEHOLDERS:
            if len(tokenizer.tokenize(placeholder)) != 1:
                raise CheckpointError(
                    tokenizer.name_or_path or "tokenizer",
                    f"{placeholder} is not one token",
                    "register it with register_placeholders before training",
                )

    def windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """For each sentence its windows: all its words in order, `max_length` tokens at most."""
        views = [normalize(text, self.parity) for text in texts]
        words = [_view_words(view) for view in views]
        pieces = self._tokenize(
            [[view.text[a:b] for a, b in spans] for view, spans in zip(views, words, strict=True)]
        )
        return [
            self._windows(view, spans, word_pieces)
            for view, spans, word_pieces in zip(views, words, pieces, strict=True)
        ]

    def pairs(self, pairs: Sequence[tuple[str, str, str]]) -> list[Pair]:
        """For each (holder's words, target's name, mention in the words) the ids of the pair.

        Where the words are too long, those around the mention are kept.
        """
        flat = [self._split(text) for pair in pairs for text in pair[:2]]
        pieces = self._tokenize(flat)
        encoded = []
        for number, (_, _, mention) in enumerate(pairs):
            words = [token for word in pieces[2 * number] for token in word]
            name = [token for word in pieces[2 * number + 1] for token in word]
            room = max(self.max_length - 3 - len(name), 0)
            first_kept = 0
            if len(words) > room:
                wanted = self._split(mention)
                middle = _tokens_before(flat[2 * number], pieces[2 * number], wanted)
                first_kept = min(max(0, middle - room // 2), len(words) - room)
            kept = words[first_kept : first_kept + room]
            first = [self._open, *kept, self._close]
            second = [*name[: self.max_length - len(first) - 1], self._close]
            encoded.append(
                Pair(first + second, [0] * len(first) + [1] * len(second), len(words) - len(kept))
            )
        return encoded

    def _split(self, text: str) -> list[str]:
        return normalize(text, self.parity).text.split()

    def _tokenize(self, sentences: Sequence[Sequence[str]]) -> list[list[list[int]]]:
        """For each sentence, for each word, its token ids (none for a word without a token)."""
        if not sentences:
            return []
        encoded = self.tokenizer(
            [list(words) for words in sentences],
            is_split_into_words=True,
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        results: list[list[list[int]]] = []
        for number, words in enumerate(sentences):
            pieces: list[list[int]] = [[] for _ in words]
            for token, word in zip(
                encoded["input_ids"][number], encoded.word_ids(number), strict=True
            ):
                pieces[word].append(token)
            results.append(pieces)
        return results

    def _windows(
        self, view: View, spans: Sequence[tuple[int, int]], pieces: Sequence[list[int]]
    ) -> list[Window]:
        windows: list[Window] = []
        room = self.max_length - 2
        tokens: list[int] = []
        firsts: list[int] = []
        sources: list[tuple[int, int]] = []

        def close() -> None:
            ids = [self._open, *tokens, self._close]
            windows.append(Window(ids, [0] * len(ids), list(firsts), list(sources)))
            tokens.clear()
            firsts.clear()
            sources.clear()

        for (start, end), word in zip(spans, pieces, strict=True):
            if not word:
                continue
            if tokens and len(tokens) + len(word) > room:
                close()
            firsts.append(len(tokens) + 1)
            sources.append(view.to_source(start, end))
            tokens += word[:room]
        if tokens:
            close()
        return windows


def _tokens_before(words: Sequence[str], pieces: Sequence[list[int]], wanted: Sequence[str]) -> int:
    """How many tokens stand before the words of a mention; 0 where they are not found."""
    for place in range(len(words) - len(wanted) + 1):
        if wanted and words[place : place + len(wanted)] == wanted:
            return sum(map(len, pieces[:place]))
    return 0


def _view_words(view: View) -> list[tuple[int, int]]:
    """Slices of the view's words; one space stands between two of them."""
    spans = []
    start = 0
    for word in view.text.split(" ") if view.text else ():
        spans.append((start, start + len(word)))
        start += len(word) + 1
    return spans


def register_placeholders(tokenizer: Any) -> int:
    """Make each placeholder of the preprocessing one token; returns how many were new."""
    from tokenizers import AddedToken

    return int(tokenizer.add_tokens([AddedToken(text, normalized=False) for text in PLACEHOLDERS]))
