"""ANS (Khouja 2020): pairs of news titles that agree, disagree, or have nothing to do (other).

`s1` is the claim and `s2` the title whose stance toward it is judged: the text is `s2`, read beside
`s1`. Titles come back in other pairs, in either place; pairs that are linked so are one story. Its
dev file is our test split. 26 stories stand in both files: by `division: stories` their 68 rows are
dropped from train.
"""

from __future__ import annotations

from pathlib import Path

from model.records import LabelledSentence
from train.data.public.rows import Reader, Reading, Row, find_files, read_table

_FILES = {"train": ("train.csv",), "test": ("dev.csv",)}
_COLUMNS = ("s1", "s2", "stance")


def _read(path: Path, reading: Reading) -> None:
    def parse(row: Row) -> LabelledSentence:
        label = reading.classify(row.text("stance").strip(), pair=row.text("s1"))
        return reading.sentence(row.key, row.text("s2"), classes=label)

    for split, file in find_files(path, _FILES).items():
        reading.add(split, read_table(file, _COLUMNS), parse)
    reading.join_stories(_linked_by_titles(reading))
    reading.keep_test_apart()


def _linked_by_titles(reading: Reading) -> dict[str, str]:
    """Maps each article's id to the id that came first among those linked by titles."""
    sentences = list(reading.sentences())
    parent = list(range(len(sentences)))
    first_with: dict[str, int] = {}

    def find(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    for number, sentence in enumerate(sentences):
        for title in (sentence.text, sentence.classes[0].pair or ""):
            first = first_with.setdefault(" ".join(title.split()), number)
            one, other = find(first), find(number)
            parent[max(one, other)] = min(one, other)
    return {s.article_id: sentences[find(n)].article_id for n, s in enumerate(sentences)}


ANS = Reader("classify", pair=True, read=_read, is_divided=True, files=_FILES, columns=_COLUMNS)
