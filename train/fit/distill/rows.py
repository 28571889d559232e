"""From soft labels to the rows that a student trains on."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt
import torch

from model.net.classifier import Classifier
from model.net.encoding import Pair, Window
from model.net.network import TAGS
from model.tasks import STANCE, Task
from model.text.surroundings import Surroundings
from train.fit.deal import Part
from train.fit.distill.labels import SoftLabels
from train.fit.distill.soft import Logs, soften
from train.fit.examples import Collator, Row, Weights

_TEXT = -1  # in the place of a stance's number: the row reads a sentence alone


@dataclass(frozen=True, slots=True)
class SoftRow(Row):
    """A row with the logarithms of the teacher's probabilities, by task.

    Those of a tagging task are of the words that begin at the tokens `places`.
    """

    places: npt.NDArray[np.int32]
    soft: dict[str, Logs]


class SoftRows(Sequence[SoftRow]):
    """The rows of one part: token ids in memory, end to end, and soft labels on the disk.

    `num_cut` rows lost `num_lost` tokens that did not fit.
    """

    def __init__(self, labels: SoftLabels, student: Classifier, part: Part) -> None:
        self._labels = labels
        self._text_tasks = [task for task in student.checkpoint.network.tasks if task != STANCE]
        self._sources = _Lists()  # of each row: its table, its line, and the stance or _TEXT
        self._ids, self._places, self._words = _Lists(), _Lists(), _Lists()
        self._types = _Lists("b")  # of the tokens
        self.num_cut = self.num_lost = 0
        surroundings = Surroundings(student.checkpoint.context)
        for number, table in enumerate(labels.tables):
            lines = table.lines_of(part)
            drafts = [table.draft(line) for line in lines]
            windows, pairs = student.encode(drafts, surroundings)
            waiting = iter(pairs)
            for line, draft, listed in zip(lines, drafts, windows, strict=True):
                known = {span: word for word, span in enumerate(table.words(line))}
                for window in listed if self._text_tasks else ():
                    self._add_window(window, (number, line, _TEXT), known)
                for stance in range(len(draft.stances) if pairs else 0):
                    self._add(next(waiting), (number, line, stance), (), ())

    def __len__(self) -> int:
        return len(self._ids.ends) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """How many tokens each row has."""
        return np.diff(self._ids.ends)

    @property
    def has_pairs(self) -> bool:
        """Whether any of the rows is a pair of a holder's words and a target."""
        return any(self._sources[number][2] != _TEXT for number in range(len(self)))

    @overload
    def __getitem__(self, number: int) -> SoftRow: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[SoftRow]: ...
    def __getitem__(self, number: int | slice) -> SoftRow | Sequence[SoftRow]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        place, line, stance = self._sources[number].tolist()
        table, ids = self._labels.tables[place], self._ids[number]
        if stance != _TEXT:
            soft = {STANCE.name: table.logs(STANCE, line)[stance]}
        else:
            words = self._words[number]
            found = {task: table.logs(task, line) for task in self._text_tasks}
            soft = {
                task.name: logs[words] if task.kind == "tag" else logs
                for task, logs in found.items()
            }
        return SoftRow(
            input_ids=ids,
            token_type_ids=self._types[number],
            classes={},
            tags={},
            num_lost=0,
            dataset=None,
            places=self._places[number],
            soft=soft,
        )

    def _add_window(
        self, window: Window, source: tuple[int, int, int], known: Mapping[tuple[int, int], int]
    ) -> None:
        # A word that one of the two tokenizers has no token for has no label.
        found = [
            (token, known[span])
            for token, span in zip(window.first_tokens, window.word_spans, strict=True)
            if span in known
        ]
        if found or any(task.kind == "classify" for task in self._text_tasks):
            places, words = zip(*found, strict=True) if found else ((), ())
            self._add(window, source, places, words)

    def _add(
        self,
        encoded: Window | Pair,
        source: tuple[int, int, int],
        places: Iterable[int],
        words: Iterable[int],
    ) -> None:
        self._sources.append(source)
        self._ids.append(encoded.input_ids)
        self._places.append(places)
        self._words.append(words)
        self._types.append(encoded.token_type_ids)
        self.num_cut += encoded.num_lost > 0
        self.num_lost += encoded.num_lost


class SoftCollator(Collator):
    """Gives `soft` besides, by task: the teacher's probabilities at the temperature.

    They have the shape of the logits, and are 0 throughout where the teacher was not asked.
    """

    def __init__(
        self,
        pad_token_id: int,
        tasks: Sequence[Task],
        weights: Mapping[str, Weights],
        temperature: float,
    ) -> None:
        super().__init__(pad_token_id, tasks, weights)
        self._temperature = temperature

    def __call__(self, rows: Sequence[Row]) -> dict[str, dict[str, torch.Tensor]]:
        batch = super().__call__(rows)
        soft = {}
        for task in self._tasks:
            weights = batch["weights"][task.name]
            num_scores = len(TAGS) if task.kind == "tag" else len(task.labels)
            given = torch.zeros(*weights.shape, num_scores)
            for number, row in enumerate(rows):
                if isinstance(row, SoftRow) and task.name in row.soft:
                    scores = torch.from_numpy(soften(row.soft[task.name], self._temperature))
                    where: Any = (number, row.places) if task.kind == "tag" else number
                    given[where] = scores
                    weights[where] = 1.0
            soft[task.name] = given
        return batch | {"soft": soft}


class _Lists:
    """Lists of whole numbers, end to end in one array: of 32 bits each, or of 8."""

    def __init__(self, kind: Literal["i", "b"] = "i") -> None:
        self.ends = array("q", [0])
        self._values = array(kind)

    def append(self, numbers: Iterable[int]) -> None:
        """Add a list."""
        self._values.extend(numbers)
        self.ends.append(len(self._values))

    def __getitem__(self, number: int) -> npt.NDArray[Any]:
        kind = self._values.typecode  # numpy's name for it, too
        values = np.frombuffer(self._values, kind) if self._values else np.empty(0, kind)
        return values[self.ends[number] : self.ends[number + 1]]
