"""From text to token ids: windows of a sentence for tagging, pairs with a target for stance."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from model.errors import CheckpointError
from model.text.normalize import PLACEHOLDERS, Parity, View, normalize

WORDS, SECOND, MENTION = 0, 1, 2
"""Types of tokens: of the text, of what is read behind it, and of where the text names the target.
An encoder itself is told of the first two alone; for it a mention is text like any other."""
Spans = Sequence[tuple[int, int]]
_MOST_WORDS = 200_000  # whose tokens are kept: some 50 MB
_MOST_CHARACTERS = 1_000_000  # of texts that are kept as they were read: some 50 MB


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a sentence that fits the network, and which of its words it answers for.

    `first_tokens[i]` is the place in `input_ids` of the first token of the window's i-th own word,
    `word_spans[i]` the slice of the sentence that this word stands for. Words that are there for
    the others' sake belong to the window beside. `num_lost` tokens of too long words did not fit.
    """

    input_ids: list[int]
    token_type_ids: list[int]
    first_tokens: list[int]
    word_spans: list[tuple[int, int]]
    num_lost: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A text and a second one: a holder's words and a target's name, two titles.

    `num_lost` tokens of the first did not fit.
    """

    input_ids: list[int]
    token_type_ids: list[int]
    num_lost: int


class TextEncoder:
    """Encodes text with the tokenizer of one checkpoint.

    `max_length` counts special tokens in; two windows of a long sentence share up to `stride`
    tokens. A context (a headline, the sentence before) is read behind the text, as another segment.
    """

    def __init__(
        self, tokenizer: Any, max_length: int, parity: Parity = "strict", stride: int = 0
    ) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.parity: Parity = parity
        self.stride = stride
        self._pieces: dict[str, list[int]] = {}
        self._texts: dict[str, _Text] = {}
        self._num_characters = 0  # of these
        self._open: int = tokenizer.cls_token_id
        self._close: int = tokenizer.sep_token_id
        for placeholder in PLACEHOLDERS:
            if len(tokenizer.tokenize(placeholder)) != 1:
                raise CheckpointError(
                    tokenizer.name_or_path or "tokenizer",
                    f"{placeholder} is not one token",
                    "register it with register_placeholders before training",
                )

    def windows(
        self, texts: Sequence[str], contexts: Sequence[str] | None = None
    ) -> list[list[Window]]:
        """For each sentence its windows, at least one; each word is the own word of just one."""
        return [
            self._windows(read, context)
            for read, context in zip(
                self._read(texts), self._contexts(contexts, len(texts)), strict=True
            )
        ]

    def pairs(
        self,
        pairs: Sequence[tuple[str, str, Spans]],
        contexts: Sequence[str] | None = None,
    ) -> list[Pair]:
        """For each (text, second text, slices of the text that name it) the ids of the pair.

        Where the text is too long, what stands around the first of the mentions is kept.
        """
        encoded = []
        for text, second, (_, _, mentions), context in zip(
            self._read([text for text, _, _ in pairs]),
            self._read([second for _, second, _ in pairs]),
            pairs,
            self._contexts(contexts, len(pairs)),
            strict=True,
        ):
            words = [token for word in text.pieces for token in word]
            types = text.types(mentions)
            name = [token for word in second.pieces for token in word]
            behind = len(context) + 1 if context else 0
            room = max(self.max_length - 3 - len(name) - behind, 0)
            first_kept = 0
            if len(words) > room:
                middle = types.index(MENTION) if MENTION in types else 0
                first_kept = min(max(0, middle - room // 2), len(words) - room)
            kept = slice(first_kept, first_kept + room)
            first = [self._open, *words[kept], self._close]
            last = [*name[: self.max_length - len(first) - 1 - behind], self._close]
            if context:
                last += [*context, self._close]
            types = [WORDS, *types[kept], WORDS, *[SECOND] * len(last)]
            encoded.append(Pair(first + last, types, max(len(words) - room, 0)))
        return encoded

    def _contexts(self, contexts: Sequence[str] | None, number: int) -> list[list[int]]:
        """The tokens of each context, cut to a quarter of the length; none where there is none."""
        if contexts is None:
            return [[]] * number
        return [
            [token for word in read.pieces for token in word][: self.max_length // 4]
            for read in self._read(contexts)
        ]

    def _read(self, texts: Sequence[str]) -> list[_Text]:
        """Each text in words and tokens; one that was read lately is only looked up.

        A sentence is read by itself and in a pair for each stance, a name in many pairs.
        """
        if self._num_characters > _MOST_CHARACTERS:
            self._texts.clear()
            self._num_characters = 0
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        views = [normalize(text, self.parity) for text in new]
        words = [_view_words(view) for view in views]
        pieces = self._tokenize(
            [[view.text[a:b] for a, b in spans] for view, spans in zip(views, words, strict=True)]
        )
        read = (_Text(*parts) for parts in zip(views, words, pieces, strict=True))
        self._texts.update(zip(new, read, strict=True))
        self._num_characters += sum(map(len, new))
        return [self._texts[text] for text in texts]

    def _tokenize(self, sentences: Sequence[Sequence[str]]) -> list[list[list[int]]]:
        """For each sentence, for each word, its token ids (none for a word without a token).

        A word is tokenized by itself, so that one that has been met before is only looked up.
        """
        if len(self._pieces) > _MOST_WORDS:
            self._pieces.clear()
        met = self._pieces
        new = list(dict.fromkeys(w for words in sentences for w in words if w not in met))
        if new:
            encoded = self.tokenizer(
                [[word] for word in new],
                is_split_into_words=True,
                add_special_tokens=False,
                return_attention_mask=False,
                return_token_type_ids=False,
            )
            met.update(zip(new, encoded["input_ids"], strict=True))
        return [[met[word] for word in words] for words in sentences]

    def _windows(self, text: _Text, context: Sequence[int]) -> list[Window]:
        behind = [*context, self._close] if context else []
        room = self.max_length - 2 - len(behind)
        words = [(span, word) for span, word in zip(text.words, text.pieces, strict=True) if word]
        windows: list[Window] = []
        for stretch in _cover([min(len(word), room) for _, word in words], room, self.stride):
            ids = [self._open]
            firsts: list[int] = []
            sources: list[tuple[int, int]] = []
            num_lost = 0
            for number in range(stretch.first, stretch.end):
                (start, end), word = words[number]
                if stretch.first_own <= number < stretch.end_own:
                    firsts.append(len(ids))
                    sources.append(text.view.to_source(start, end))
                    num_lost += len(word[room:])
                ids += word[:room]
            ids.append(self._close)
            types = [WORDS] * len(ids) + [SECOND] * len(behind)
            windows.append(Window(ids + behind, types, firsts, sources, num_lost))
        return windows


class _Text(NamedTuple):
    """A normalised text, the slices of it that are words, and the tokens of each."""

    view: View
    words: list[tuple[int, int]]
    pieces: list[list[int]]

    def types(self, mentions: Spans) -> list[int]:
        """Of each token: whether its word is one of a mention's, given as slices of the source."""
        if not mentions:
            return [WORDS] * sum(map(len, self.pieces))
        found: list[int] = []
        for word, pieces in zip(self.words, self.pieces, strict=True):
            start, end = self.view.to_source(*word)
            is_named = any(first < end and start < last for first, last in mentions)
            found += [MENTION if is_named else WORDS] * len(pieces)
        return found


class _Stretch(NamedTuple):
    """Numbers of the words of a window, and of those that it answers for."""

    first: int
    end: int
    first_own: int
    end_own: int


def _cover(sizes: Sequence[int], room: int, stride: int) -> list[_Stretch]:
    """Stretches of words, `room` tokens at most, that share up to `stride` tokens with the next.

    What two stretches share is divided in the middle, so that each word is read by the one in which
    it has more words around it.
    """
    bounds: list[tuple[int, int]] = [] if sizes else [(0, 0)]
    first = 0
    while first < len(sizes):
        end, filled = first, 0
        while end < len(sizes) and filled + sizes[end] <= room:
            filled += sizes[end]
            end += 1
        bounds.append((first, end))
        if end == len(sizes):
            break
        start, shared = end, 0
        while start - 1 > first and shared + sizes[start - 1] <= min(stride, room - sizes[end]):
            start -= 1
            shared += sizes[start]
        first = start
    cuts = [0, *((b + a) // 2 for (_, b), (a, _) in itertools.pairwise(bounds)), len(sizes)]
    return [
        _Stretch(*bound, *own) for bound, own in zip(bounds, itertools.pairwise(cuts), strict=True)
    ]


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
