"""From gold sentences and what a system said of them to its errors, each of one kind.

Loaded terms are paired by one rule, greedily: each gold and each predicted span is used once, and
of all pairs that a round could make the one that shares most characters comes first, then the one
that starts first. Round by round:

1. same borders, same category: right, no error;
2. same borders, another category: `category`;
3. a character in common, same category: `boundary`;
4. a character in common, another category: `category`.

A gold span that is left is `missed`, a predicted one `spurious`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from model.records import LOADED_CATEGORIES, STANCE_LABELS, LabelledSentence, LoadedTerm
from train.score.outputs import SystemOutput
from train.score.spans import overlap

TermErrorKind = Literal["missed", "spurious", "category", "boundary"]
KIND_TITLES: dict[TermErrorKind, str] = {
    "missed": "missed",
    "spurious": "spurious",
    "category": "wrong category",
    "boundary": "wrong borders",
}
"""What each kind of error in a loaded term is called."""
STANCE_ERROR_KINDS = tuple(
    f"{gold} → {found}" for gold, found in product(STANCE_LABELS, STANCE_LABELS) if gold != found
)
ERROR_KINDS = (*KIND_TITLES, *STANCE_ERROR_KINDS)


@dataclass(frozen=True, slots=True)
class TermError:
    """A gold span, a predicted one or a pair of them; `sentence` counts the gold sentences.

    `confidence` is that of the predicted span. A missed one has none: no system says how sure it
    is of what it did not mark.
    """

    sentence: int
    kind: TermErrorKind
    gold: LoadedTerm | None
    predicted: LoadedTerm | None

    @property
    def confidence(self) -> float | None:
        """How sure the system was."""
        return self.predicted.confidence if self.predicted else None

    @property
    def term(self) -> LoadedTerm:
        """The span by which the error is sliced: the gold one where there is one."""
        term = self.gold or self.predicted
        assert term is not None, "an error has a span"
        return term


@dataclass(frozen=True, slots=True)
class StanceError:
    """A stance with the wrong label; `stance` counts those of the sentence.

    `confidence` is the probability of the wrong label, None where the system gives none.
    """

    sentence: int
    stance: int
    gold: str
    predicted: str
    confidence: float | None

    @property
    def kind(self) -> str:
        """`against → none`: gold, then predicted."""
        return f"{self.gold} → {self.predicted}"


Error = TermError | StanceError


@dataclass(frozen=True, slots=True)
class Example:
    """An error that says of itself what it is. Gold and predicted: the label, or category and text.

    `subject` is the target of a stance and its holder, or nothing.
    """

    kind: str
    confidence: float | None
    article_id: str
    index: int
    story: str
    text: str
    subject: str
    gold: str | None
    predicted: str | None


def find_errors(
    gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput]
) -> tuple[Error, ...]:
    """Every error, the most confident first; those without a confidence stand last, in order."""
    found: list[Error] = []
    for number, (sentence, output) in enumerate(zip(gold, outputs, strict=True)):
        found += _term_errors(number, sentence.loaded_terms, output.loaded_terms)
        found += _stance_errors(number, sentence, output)
    return tuple(sorted(found, key=_least_sure_last))


def count_kinds(errors: Iterable[Error]) -> dict[str, int]:
    """How many errors there are of each kind, in the order of `ERROR_KINDS`; none is left out."""
    counts = Counter(error.kind for error in errors)
    return {kind: counts[kind] for kind in ERROR_KINDS}


def scores_of(output: SystemOutput, stance: int) -> Mapping[str, float]:
    """The probabilities of one stance by label; none where the system does not give all."""
    return output.scores[stance] if len(output.scores) == len(output.stances) else {}


def make_example(error: Error, gold: Sequence[LabelledSentence]) -> Example:
    """The error with its sentence, to be read without the gold."""
    sentence = gold[error.sentence]
    if isinstance(error, StanceError):
        stance = sentence.stances[error.stance]
        subject = f"{stance.target}, in the words of the {stance.holder}"
        sides: tuple[str | None, str | None] = (error.gold, error.predicted)
    else:
        subject = ""
        sides = (_told(error.gold), _told(error.predicted))
    return Example(
        error.kind,
        error.confidence,
        sentence.article_id,
        sentence.index,
        sentence.story,
        sentence.text,
        subject,
        *sides,
    )


def _told(term: LoadedTerm | None) -> str | None:
    return f"{term.category}: {term.text}" if term else None


def _least_sure_last(error: Error) -> tuple[bool, float]:
    confidence = error.confidence
    return confidence is None, -(confidence or 0.0)


def _stance_errors(
    number: int, sentence: LabelledSentence, output: SystemOutput
) -> Iterator[StanceError]:
    for place, (stance, label) in enumerate(zip(sentence.stances, output.stances, strict=True)):
        if label != stance.label:
            confidence = scores_of(output, place).get(label)
            yield StanceError(number, place, str(stance.label), label, confidence)


def _term_errors(
    number: int, gold: Sequence[LoadedTerm], predicted: Sequence[LoadedTerm]
) -> Iterator[TermError]:
    ours, theirs = _ordered(gold), _ordered(predicted)
    for is_pair, kind in _ROUNDS:
        for one, other in _best_pairs(ours, theirs, is_pair):
            ours.remove(one)
            theirs.remove(other)
            if kind:
                yield TermError(number, kind, one, other)
    for term in ours:
        yield TermError(number, "missed", term, None)
    for term in theirs:
        yield TermError(number, "spurious", None, term)


def _ordered(terms: Iterable[LoadedTerm]) -> list[LoadedTerm]:
    """By place; a repeated span counts once, as it does for the scores."""
    distinct = {(t.start, t.end, LOADED_CATEGORIES.index(t.category)): t for t in terms}
    return [distinct[key] for key in sorted(distinct)]


def _best_pairs(
    ours: Sequence[LoadedTerm],
    theirs: Sequence[LoadedTerm],
    is_pair: Callable[[LoadedTerm, LoadedTerm], bool],
) -> list[tuple[LoadedTerm, LoadedTerm]]:
    """The pairs of one round, each span in one at most."""
    if not ours or not theirs:
        return []
    options = [
        (-_shared(one, other), i, j)
        for i, one in enumerate(ours)
        for j, other in enumerate(theirs)
        if is_pair(one, other)
    ]
    pairs, used, taken = [], set[int](), set[int]()
    for _, i, j in sorted(options):
        if i not in used and j not in taken:
            used.add(i)
            taken.add(j)
            pairs.append((ours[i], theirs[j]))
    return pairs


def _shared(one: LoadedTerm, other: LoadedTerm) -> int:
    return overlap((one.start, one.end, ""), (other.start, other.end, ""))


def _same_borders(one: LoadedTerm, other: LoadedTerm) -> bool:
    return (one.start, one.end) == (other.start, other.end)


def _same_category(one: LoadedTerm, other: LoadedTerm) -> bool:
    return one.category == other.category


def _touch(one: LoadedTerm, other: LoadedTerm) -> bool:
    return _shared(one, other) > 0


_ROUNDS: tuple[tuple[Callable[[LoadedTerm, LoadedTerm], bool], TermErrorKind | None], ...] = (
    (lambda one, other: _same_borders(one, other) and _same_category(one, other), None),
    (_same_borders, "category"),
    (lambda one, other: _same_category(one, other) and _touch(one, other), "boundary"),
    (_touch, "category"),
)
