"""Mawqif: tweets and their stance toward one of three targets, read beside the target's name.

A CSV file with a byte order mark. Near-duplicate tweets are one story. The set's test file has no
labels, so there is no division: all rows are `all`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from model.archive.article import BadRecordError
from model.records import LabelledSentence
from train.data.public.rows import Reader, Reading, Row, find_files, read_table

TARGETS = {
    "Covid Vaccine": "لقاح كورونا",
    "Digital Transformation": "التحول الرقمي",
    "Women empowerment": "تمكين المرأة",
}

_FILES = {"all": ("Mawqif_AllTargets_Train.csv", "train.csv")}
_COLUMNS = ("ID", "text", "target", "stance")


def _read(path: Path, reading: Reading) -> None:
    from model.text.duplicates import find_near_duplicates  # numpy; who asks for names needs none

    def parse(row: Row) -> LabelledSentence:
        target = row.text("target").strip()
        if target not in TARGETS:
            raise BadRecordError(f"target {target[:40]} is none of {', '.join(TARGETS)}")
        label = reading.classify(
            row.text("stance").strip().lower(),
            pair=TARGETS[target],
            confidence=_confidence(row.values.get("stance:confidence")),
        )
        return reading.sentence(
            row.text("ID").strip(),
            row.text("text"),
            published=_day(row.values.get("Date")),
            classes=label,
        )

    for split, file in find_files(path, _FILES).items():
        reading.add(split, read_table(file, _COLUMNS), parse)
    reading.join_stories(find_near_duplicates((s.article_id, s.text) for s in reading.sentences()))


def _confidence(value: object) -> float | None:
    """The annotators' agreement, weighted by their trust; None unless above 0 and at most 1."""
    try:
        share = float(str(value))
    except ValueError:
        return None
    return share if 0 < share <= 1 else None


def _day(value: object) -> str | None:
    """Day first. One year in the other column, `datetime`, is wrong: covid vaccines in 2014."""
    try:
        return datetime.strptime(str(value).strip(), "%d/%m/%Y").date().isoformat()
    except ValueError:
        return None


MAWQIF = Reader("classify", pair=True, read=_read, files=_FILES, columns=_COLUMNS)
