"""Tasks, drafts and what a teacher that draws by chance makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.net.deciding import FloatArray, Reading
from model.net.encoding import Window
from model.records import Article, Mention, Prediction, Stance
from model.tasks import LOADED_TERMS, STANCE, Task

KIND = Task("kind", "classify", ("x", "y"))
TASKS = (STANCE, LOADED_TERMS, KIND)


def article(text: str, name: str = "a") -> Article:
    return Article(name, "o", None, None, "", text, "here")


def draft_of(text: str, num_stances: int = 0, name: str = "a") -> Prediction:
    """A sentence that is about its first word as often as is wished."""
    first = text.split()[0]
    mention = Mention(0, len(first), first, first, "neutral")
    stances = tuple(
        Stance(f"t{number}", "newsroom", None, (mention,), None) for number in range(num_stances)
    )
    return Prediction(
        name, 0, "body", 0, len(text), text, (), "o", None, None, stances, loaded_terms=()
    )


def reading_of(draft: Prediction, chance: np.random.Generator, num_windows: int = 1) -> Reading:
    """Probabilities by chance for each stance, word and text."""
    spans = word_spans(draft.text)
    cuts = np.array_split(np.arange(len(spans)), num_windows)
    windows = [Window([], [], [], [spans[number] for number in cut]) for cut in cuts]

    def draw(*shape: int) -> FloatArray:
        return chance.dirichlet(np.full(shape[-1], 0.3), size=shape[:-1])

    return Reading(
        windows=windows,
        stances=[draw(3) for _ in draft.stances],
        tags={LOADED_TERMS.name: [draw(len(w.word_spans), 6, 3) for w in windows]},
        classes={KIND.name: draw(2)},
    )


def word_spans(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        spans.append((start, start + len(word)))
        start += len(word)
    return spans


class Stub:
    """In the place of a classifier: each line of an article is a sentence; `asked` keeps all."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.asked: list[str] = []
        self._fail_at = fail_at

    def draft(self, given: Article) -> list[Prediction]:
        if "broken" in given.text:
            raise ValueError("nobody thought of this")
        return [draft_of(line, 1, given.id) for line in given.text.splitlines()]

    def read(self, drafts: Sequence[Prediction]) -> list[Reading]:
        if self._fail_at is not None and len(self.asked) >= self._fail_at:
            raise KeyboardInterrupt
        self.asked += [draft.text for draft in drafts]
        chance = np.random.default_rng(7)
        return [reading_of(draft, chance) for draft in drafts]
