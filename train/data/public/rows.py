"""Rows of labelled sets from other hands, and the records that they become.

A row that cannot be used costs itself: it becomes a `Dropped` with its file, line and reason.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal, NoReturn

from model.archive.article import MAX_TEXT_CHARS, BadRecordError, printable
from model.errors import InputError
from model.records import ClassLabel, Dropped, LabelledSentence, TaskSpan
from model.tasks import Task, TaskKind

DivideBy = Literal["official", "stories"]
"""`official`: train and test as the set divides them; `stories`: no story of test in train too."""

# A quotation mark that is never closed would take in the rest of the file.
_MAX_ROW_LINES = 100


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A set as it was read: `splits` are train and test where it brings a division, else `all`.

    `dropped` holds every row, and every span of a row that was kept, that was left out.
    """

    splits: dict[str, list[LabelledSentence]]
    dropped: list[Dropped]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: `where` names file and line, `key` the row within its set."""

    where: str
    key: str
    values: Mapping[str, object]
    raw: str | bytes

    def text(self, name: str) -> str:
        """A field as it stands. BadRecordError where it is missing, blank or no valid text."""
        if name not in self.values:
            raise BadRecordError(f"no field {name}; it has {printable(', '.join(self.values))}")
        value = self.values[name]
        if not isinstance(value, str):
            raise BadRecordError(f"{name}: no text")
        if not value.strip():
            raise BadRecordError(f"{name}: empty")
        if len(value) > MAX_TEXT_CHARS:  # others may have raised the csv module's own limit
            raise BadRecordError(f"{name}: longer than {MAX_TEXT_CHARS} characters")
        if value != printable(value) or "\0" in value:
            raise BadRecordError(f"{name}: no valid Unicode text")
        return value


@dataclass(frozen=True, slots=True)
class Reader:
    """How a format is read, and the kind of task that its labels can feed.

    `is_divided`: whether the set brings a train and a test file. A download is known by the names
    of its `files` and the `columns` that they have: fields of JSON lines where there is no
    `delimiter`.
    """

    kind: TaskKind
    pair: bool
    read: Callable[[Path, Reading], None]
    files: Mapping[str, Sequence[str]]
    columns: Sequence[str]
    delimiter: str | None = ","
    is_divided: bool = False


class Reading:
    """One set as it is being read, for one task."""

    def __init__(self, name: str, task: Task, division: DivideBy) -> None:
        self.name = name
        self.task = task
        self.division = division
        self.splits: dict[str, list[LabelledSentence]] = {}
        self.dropped: list[Dropped] = []
        self._labels: set[str] = set()
        self._where: dict[str, str] = {}

    def add(
        self, split: str, rows: Iterable[Row | Dropped], parse: Callable[[Row], LabelledSentence]
    ) -> None:
        """Put the sentences that `parse` makes of the rows, or fails to by BadRecordError."""
        sentences = self.splits.setdefault(split, [])
        for row in rows:
            if isinstance(row, Dropped):
                self.dropped.append(row)
                continue
            try:
                sentence = parse(row)
                if first := self._where.get(sentence.article_id):
                    raise BadRecordError(f"its id stands in {first} already")
            except BadRecordError as fault:
                self.dropped.append(fault.to_dropped(row.where, raw=row.raw))
                continue
            self._where[sentence.article_id] = row.where
            sentences.append(sentence)

    def sentence(
        self,
        key: str,
        text: str,
        *,
        story: str | None = None,
        index: int = 0,
        outlet: str | None = None,
        published: str | None = None,
        classes: tuple[ClassLabel, ...] = (),
        spans: tuple[TaskSpan, ...] = (),
    ) -> LabelledSentence:
        """The record of a whole text; ids begin with the set's name, so that sets never mix."""
        return LabelledSentence(
            article_id=f"{self.name}:{key}",
            index=index,
            section="body",
            start=0,
            end=len(text),
            text=text,
            voices=(),
            outlet=outlet or self.name,
            published=published,
            story=f"{self.name}:{story or key}",
            stances=(),
            loaded_terms=(),
            dataset=self.name,
            tasks=(self.task.name,),
            classes=classes,
            spans=spans,
        )

    def classify(
        self, label: str, *, pair: str | None = None, confidence: float | None = None
    ) -> tuple[ClassLabel]:
        """The label of a row. BadRecordError where the task does not have it."""
        if not self.has_label(label):
            known = ", ".join(self.task.labels)
            raise BadRecordError(f"label {label[:40]} is none of task {self.task.name} ({known})")
        return (ClassLabel(self.task.name, pair, label, confidence),)

    def has_label(self, label: str) -> bool:
        """Whether the task has a label that was found in the data."""
        self._labels.add(printable(label))
        return label in self.task.labels

    def sentences(self) -> Iterator[LabelledSentence]:
        for sentences in self.splits.values():
            yield from sentences

    def join_stories(self, story_of: Mapping[str, str]) -> None:
        """Give each sentence the story that `story_of` names for its article's id."""
        for split, sentences in self.splits.items():
            self.splits[split] = [replace(s, story=story_of[s.article_id]) for s in sentences]

    def keep_test_apart(self) -> None:
        """Drop from train each row whose story stands in test.

        By the official division nothing is dropped: a story of both files counts as two.
        """
        if self.division == "official":
            for split, sentences in self.splits.items():
                self.splits[split] = [replace(s, story=f"{split}:{s.story}") for s in sentences]
            return
        held = {sentence.story for sentence in self.splits.get("test", ())}
        for sentence in self.splits.get("train", ()):
            if sentence.story in held:
                leak = BadRecordError(f"story {sentence.story} stands in the test split")
                where = self._where[sentence.article_id]
                self.dropped.append(leak.to_dropped(where, raw=sentence.text))
        if held:
            self.splits["train"] = [s for s in self.splits["train"] if s.story not in held]

    @property
    def labels(self) -> frozenset[str]:
        """All labels that were found, those that the task does not have too."""
        return frozenset(self._labels)

    def finish(self, path: Path, *, is_whole: bool = True) -> PublicSet:
        """The whole set. InputError where no row is left, or a label of the task in none.

        Of a part of a set (not `is_whole`) no label is missed.
        """
        is_empty = next(self.sentences(), None) is None
        missing = [label for label in self.task.labels if label not in self._labels]
        if is_whole and missing and (self._labels or not is_empty):
            near = difflib.get_close_matches(missing[0], self._labels, n=1)
            known = f"it has {', '.join(sorted(self._labels)) or 'none'}"
            raise InputError(
                path,
                f"never has the label {missing[0]} of task {self.task.name}",
                f"did you mean {near[0]}? {known}" if near else known,
            )
        if is_empty:
            first = self.dropped[0] if self.dropped else Dropped(str(path), "no rows")
            raise InputError(
                path,
                f"no row can be used; {first.source}: {first.reason}",
                "give the files as they were downloaded",
            )
        return PublicSet(self.splits, self.dropped)


def find_files(path: Path, names: Mapping[str, Sequence[str]]) -> dict[str, Path]:
    """The file of each split: the first of its `names` in the folder. A single file is `all`.

    InputError says which names were looked for.
    """
    if path.is_file():
        return {"all": path}
    found = {}
    for split, known in names.items():
        held = [path / name for name in known if (path / name).is_file()]
        if not held:
            raise InputError(
                path,
                f"no file {' or '.join(known)} is there",
                "give the folder of the download, or one file in it",
            )
        found[split] = held[0]
    return found


def read_table(
    path: Path, columns: Sequence[str], *, delimiter: str = ",", quoted: bool = True
) -> Iterator[Row | Dropped]:
    """The rows under the header; blank lines are none. Text such as NA stays text.

    InputError where the header lacks one of `columns`. Raises the csv module's field limit, which
    is one for the whole process.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_TEXT_CHARS))
    # surrogateescape: a byte that does not decode becomes a lone surrogate, which drops its row.
    text = _read_bytes(path).decode("utf-8-sig", "surrogateescape")
    lines = list(io.StringIO(text, newline=""))
    source = printable(str(path))
    header: list[str] | None = None
    place = 0
    while place < len(lines):
        where = f"{source}:{place + 1}"
        rows = csv.reader(
            islice(lines, place, place + _MAX_ROW_LINES),
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            row = next(rows)
        except csv.Error as fault:
            yield BadRecordError(f"broken CSV: {fault}").to_dropped(where, raw=lines[place])
            place += 1
            continue
        raw = "".join(lines[place : place + rows.line_num])
        number, place = place + 1, place + rows.line_num
        if not row:
            continue
        if header is None:
            header = [printable(name.strip()) for name in row]
            if missing := [name for name in columns if name not in header]:
                raise InputError(
                    where,
                    f"no column {', '.join(missing)}; it has {', '.join(header[:20])}",
                    "give the file as it was downloaded",
                )
        elif len(row) != len(header):
            reason = f"{len(row)} columns where the header has {len(header)}"
            yield BadRecordError(reason).to_dropped(where, raw=raw)
        else:
            values = dict(zip(header, row, strict=True))
            yield Row(where, f"{path.stem}:{number}", values, raw)


def read_json_lines(path: Path) -> Iterator[Row | Dropped]:
    """One row for each line of JSON; blank lines are none."""
    for number, line in enumerate(_read_bytes(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{printable(str(path))}:{number}"
        try:
            values = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
            if not isinstance(values, dict):
                raise ValueError("no object")
        except RecursionError:
            yield BadRecordError("broken JSON: nested too deep").to_dropped(where, raw=line)
        except ValueError as fault:
            yield BadRecordError(f"broken JSON: {fault}").to_dropped(where, raw=line)
        else:
            yield Row(where, f"{path.stem}:{number}", values, line)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise InputError(path, f"cannot be read ({fault.strerror})", "check the file") from None
