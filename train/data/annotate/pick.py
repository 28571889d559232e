"""Which sentences to label: those that a model is least sure of, or a random sample."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from model.records import LabelledSentence, Prediction


def uncertainty(prediction: Prediction) -> float:
    """How little sure a model is of a sentence, from 0 to 1: its least sure label decides.

    Of a stance, one less the margin between the two likeliest labels; of a loaded term, twice what
    its confidence lacks of 1, 1 at most. 0 where it found nothing to judge.
    """
    doubts = [0.0]
    for stance in prediction.stances:
        if stance.scores:
            first, second = sorted(stance.scores.values(), reverse=True)[:2]
            doubts.append(1 - (first - second))
    for term in prediction.loaded_terms:
        if term.confidence is not None:
            doubts.append(min(1.0, 2 * (1 - term.confidence)))
    return max(doubts)


def pick_uncertain(
    sentences: Sequence[LabelledSentence],
    doubts: Sequence[float],
    num: int,
    *,
    per_article: int,
) -> list[LabelledSentence]:
    """The sentences of the greatest doubt, in the order in which they came.

    Of one article, and of one story, no more than `per_article`; of sentences with the same words
    one, since the second would teach nothing.
    """
    order = sorted(range(len(sentences)), key=lambda number: (-doubts[number], number))
    return _pick(sentences, order, num, per_article)


def pick_random(
    sentences: Sequence[LabelledSentence], num: int, *, per_article: int, seed: int
) -> list[LabelledSentence]:
    """A seeded sample under the same limits, in the order in which the sentences came."""
    order = list(range(len(sentences)))
    random.Random(seed).shuffle(order)
    return _pick(sentences, order, num, per_article)


def _pick(
    sentences: Sequence[LabelledSentence], order: Iterable[int], num: int, per_article: int
) -> list[LabelledSentence]:
    units: tuple[Callable[[LabelledSentence], str], ...] = (
        lambda sentence: f"article {sentence.article_id}",
        lambda sentence: f"story {sentence.story}",
    )
    taken: Counter[str] = Counter()
    texts: set[str] = set()
    chosen: list[int] = []
    for number in order:
        if len(chosen) == num:
            break
        sentence = sentences[number]
        words = " ".join(sentence.text.split())
        if words in texts or any(taken[unit(sentence)] >= per_article for unit in units):
            continue
        texts.add(words)
        taken.update(unit(sentence) for unit in units)
        chosen.append(number)
    return [sentences[number] for number in sorted(chosen)]


def as_labelled(prediction: Prediction, story: str) -> LabelledSentence:
    """A prediction's labels as those of a sentence, for an annotator to correct."""
    return LabelledSentence.extend(
        prediction,
        outlet=prediction.outlet,
        published=prediction.published,
        story=story,
        stances=prediction.stances,
        loaded_terms=prediction.loaded_terms,
    )
