"""ArMPro: news paragraphs with spans of 23 persuasion techniques, of which a task names some.

One line of JSON for each paragraph; a paragraph is one record, its page the story. Spans of one
technique that overlap, touch or have only a space between them are one span.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from model.archive.article import BadRecordError
from model.archive.dates import to_iso_date
from model.records import Dropped, LabelledSentence, TaskSpan
from train.data.public.rows import Reader, Reading, Row, find_files, read_json_lines

_FILES = {"all": ("spans.jsonl",)}
_COLUMNS = ("page_id", "paragraph_id", "paragraph", "labels")
_NUMBER = re.compile(r".+_([0-9]{1,9})")


def _read(path: Path, reading: Reading) -> None:
    def parse(row: Row) -> LabelledSentence:
        key, text = row.text("paragraph_id"), row.text("paragraph")
        number = _NUMBER.fullmatch(key)
        if not number:
            raise BadRecordError(f"paragraph_id: {key[:40]} does not end in a number")
        return reading.sentence(
            key,
            text,
            story=row.text("page_id"),
            index=int(number[1]),
            outlet=row.text("page_domain"),
            published=to_iso_date(row.values.get("page_date")),
            spans=_spans(row, text, reading),
        )

    for split, file in find_files(path, _FILES).items():
        reading.add(split, read_json_lines(file), parse)


def _spans(row: Row, text: str, reading: Reading) -> tuple[TaskSpan, ...]:
    """The spans that the task asks for; one that does not hold its own text is dropped alone."""
    labels = row.values.get("labels")
    if not isinstance(labels, list):
        raise BadRecordError("labels: no list of spans")
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, item in enumerate(labels, start=1):
        match item:
            case {"technique": str(label), "start": int(start), "end": int(end), "text": str(held)}:
                if not reading.has_label(label):
                    continue
                if 0 <= start < end <= len(text) and text[start:end] == held:
                    places[label].append((start, end))
                    continue
                reason = f"span {number}, [{start}, {end}), does not hold its text"
            case _:
                reason = f"span {number} is no technique, start, end and text"
        reading.dropped.append(Dropped(row.where, reason))
    name = reading.task.name
    return tuple(
        TaskSpan(name, start, end, text[start:end], label)
        for start, end, label in sorted(
            (*place, label) for label, found in places.items() for place in _merge(found, text)
        )
    )


def _merge(places: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and not text[merged[-1][1] : start].strip():
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


ARMPRO = Reader("tag", pair=False, read=_read, files=_FILES, columns=_COLUMNS, delimiter=None)
