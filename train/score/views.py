"""What baselines see of a sentence: the texts to give a label, the spans to mark, the outlet.

They learn nabra's own two tasks and those of other sets through the same window.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from model.errors import RecordError
from model.records import (
    LOADED_CATEGORIES,
    LabelledSentence,
    LoadedTerm,
    Stance,
    TaskSpan,
)
from model.tasks import LOADED_TERMS, Task
from train.score.outputs import SystemOutput
from train.score.spans import SpanKey
from train.score.tasks import task_spans

ReadWords = Callable[[LabelledSentence, Stance], str]
"""The holder's own words: the sentence with its direct quotations blanked out, or the quotation."""


@dataclass(frozen=True, slots=True)
class Item:
    """A text to be given a label. `pair` is the second text beside it, empty where none is read.

    `names` are what the text calls its target: (term, connotation).
    """

    text: str
    pair: str
    outlet: str
    label: str | None
    names: tuple[tuple[str, str], ...] = ()


class View(Protocol):
    """What is asked of a sentence, and how an answer to it is written down."""

    @property
    def asked(self) -> str:
        """What gets a label, in a word; empty where spans alone are asked for."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Of the spans asked for; none where labels alone are."""

    def items(self, sentence: LabelledSentence) -> list[Item]:
        """What is to be given a label, in order."""

    def spans(self, sentence: LabelledSentence) -> set[SpanKey]:
        """The gold spans."""

    def answer(
        self, sentence: LabelledSentence, labels: Sequence[str], spans: Collection[SpanKey]
    ) -> SystemOutput:
        """The output with a label for each item, and with these spans."""


@dataclass(frozen=True)
class OwnView:
    """nabra's stances and loaded terms; a target goes by its name, where one is given for it.

    Without `asked` it asks for terms alone, without `categories` for stances alone.
    """

    holder_words: ReadWords = lambda sentence, _: sentence.text
    target_names: Mapping[str, str] = field(default_factory=dict)
    asked: str = "stance"
    categories: tuple[str, ...] = LOADED_CATEGORIES

    def items(self, sentence: LabelledSentence) -> list[Item]:
        """One for each stance."""
        return [
            Item(
                text=self.holder_words(sentence, stance),
                pair=self.target_names.get(stance.target, stance.target),
                outlet=sentence.outlet,
                label=stance.label,
                names=tuple((mention.term, mention.connotation) for mention in stance.mentions),
            )
            for stance in (sentence.stances if self.asked else ())
        ]

    def spans(self, sentence: LabelledSentence) -> set[SpanKey]:
        """The loaded terms of these categories."""
        return {key for key in task_spans(sentence, LOADED_TERMS) if key[2] in self.categories}

    def answer(
        self, sentence: LabelledSentence, labels: Sequence[str], spans: Collection[SpanKey]
    ) -> SystemOutput:
        """Stances and loaded terms."""
        return SystemOutput(tuple(labels), tuple(_found_term(sentence, *span) for span in spans))


@dataclass(frozen=True)
class TaskView:
    """One task of a set of other hands."""

    task: Task

    @property
    def asked(self) -> str:
        """Texts are given labels by a task that classifies."""
        return f"text of {self.task.name}" if self.task.kind == "classify" else ""

    @property
    def categories(self) -> tuple[str, ...]:
        """The labels of a task that tags."""
        return self.task.labels if self.task.kind == "tag" else ()

    def items(self, sentence: LabelledSentence) -> list[Item]:
        """One for each label of the task."""
        return [
            Item(sentence.text, label.pair or "", sentence.outlet, label.label)
            for label in sentence.classes
            if label.task == self.task.name
        ]

    def spans(self, sentence: LabelledSentence) -> set[SpanKey]:
        """The task's spans."""
        return task_spans(sentence, self.task)

    def answer(
        self, sentence: LabelledSentence, labels: Sequence[str], spans: Collection[SpanKey]
    ) -> SystemOutput:
        """Class labels, "" for those of other tasks, and spans."""
        found = iter(labels)
        return SystemOutput(
            (),
            (),
            tuple(next(found) if c.task == self.task.name else "" for c in sentence.classes),
            tuple(
                TaskSpan(self.task.name, start, end, sentence.text[start:end], label)
                for start, end, label in spans
            ),
        )


def judged_items(view: View, sentences: Iterable[LabelledSentence]) -> list[Item]:
    """All items that have a label. RecordError where labels are asked for and none has one."""
    judged = [
        item for sentence in sentences for item in view.items(sentence) if item.label is not None
    ]
    if view.asked and not judged:
        raise RecordError(
            "training split", f"no {view.asked} has a label", "a baseline needs labelled sentences"
        )
    return judged


def _found_term(sentence: LabelledSentence, start: int, end: int, category: str) -> LoadedTerm:
    """A found span; a baseline names no target, and takes the text itself as the term."""
    kinds = [voice.kind for voice in sentence.voices if voice.start <= start < voice.end]
    text = sentence.text[start:end]
    return LoadedTerm(
        start=start,
        end=end,
        text=text,
        term=text,
        category=cast(Any, category),
        weak=False,
        voice="direct" if "direct" in kinds else "reported" if kinds else "own",
        target=None,
        group=None,
    )
