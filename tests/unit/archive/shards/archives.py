"""A made archive in every format, and a predictor that needs no network."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from model.records import Article, Prediction
from model.stopwatch import Watch, unwatched
from model.text.sentences import segment

NUM_BAD = 4


def write_archive(folder: Path, num: int = 7) -> Path:
    """Files of all kinds with `num` articles each, and records that are none."""
    folder.mkdir(parents=True)
    rows = [
        {"id": f"م{n}", "outlet": f"o{n % 2}", "headline": f"عنوان {n}", "text": f"نص الخبر {n}."}
        for n in range(num)
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    lines.insert(2, "")
    lines.insert(4, "{broken")
    text = "\n".join(lines) + "\n"
    (folder / "a.jsonl").write_text(text, encoding="utf-8")
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(text.replace("م", "ب").encode(), mtime=0))
    cells = ["id,text", *(f'c{n},"خبر\nآخر {n}."' for n in range(num)), "too,many,cells"]
    (folder / "c.csv").write_text("\n".join(cells), encoding="utf-8")
    table = pa.Table.from_pylist([row | {"id": f"d{row['id']}"} for row in rows])
    pq.write_table(table, folder / "d.parquet", row_group_size=3)
    for n in range(num):
        (folder / f"e{n}.txt").write_text(f"عنوان\n\nمقال {n}.", encoding="utf-8")
    (folder / "f.txt").write_bytes(b"")
    return folder


class Echo:
    """Predicts nothing, sentence by sentence."""

    def draft(self, article: Article) -> list[Prediction]:
        return [
            Prediction.extend(
                sentence,
                outlet=article.outlet,
                published=article.published,
                url=article.url,
                stances=(),
                loaded_terms=(),
            )
            for sentence in segment(article)
        ]

    def complete_stream(
        self, drafts: Iterable[Prediction], watch: Watch = unwatched
    ) -> Iterator[Prediction]:
        yield from drafts


def tree(folder: Path) -> dict[str, bytes]:
    """Every file that a run leaves, but for its locks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith((".lock", ".planning"))
    }
