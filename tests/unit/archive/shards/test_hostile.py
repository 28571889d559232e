"""Articles that take too long, or break what reads them, cost themselves alone."""

from __future__ import annotations

import json
from pathlib import Path

from model.archive.engines.local import run_here
from model.archive.shards.plan import Settings
from model.archive.shards.run import Job, pending, prepare
from model.records import Article, Prediction
from tests.unit.archive.shards.archives import Echo

TEXTS = {"a": "نص أول.", "slow": "نص بلا نهاية.", "bad": "نص سيئ.", "b": "نص آخر."}


class Stubborn(Echo):
    """Never comes to the end of one article, and fails over another."""

    def draft(self, article: Article) -> list[Prediction]:
        while article.id == "slow":
            sum(range(1000))
        if article.id == "bad":
            raise ValueError("no such text")
        return super().draft(article)


def test_each_costs_itself_alone(tmp_path: Path) -> None:
    lines = [json.dumps({"id": key, "text": text}) for key, text in TEXTS.items()]
    path, output = tmp_path / "a.jsonl", tmp_path / "out"
    path.write_text("\n".join(lines), encoding="utf-8")
    plan = prepare(
        output,
        [str(path)],
        Settings(article_seconds=0.2),
        checkpoint=Path("c"),
        checkpoint_hash="1",
        versions={},
        overwrite=False,
    )
    numbers = [shard.number for shard in pending(output, plan, Job(), lambda _: None)]
    (done,) = run_here(output, plan, numbers, Stubborn())
    assert (done.articles, done.quarantined) == (2, 2)
    text = (output / "quarantine/part-00000.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == [
        {
            "source": f"{path}:2",
            "reason": "reading it as sentences took over 0.2 s",
            "offset": len(lines[0]) + 1,
            "excerpt": TEXTS["slow"],
        },
        {
            "source": f"{path}:3",
            "reason": "cannot be read as sentences: ValueError: no such text",
            "offset": len(lines[0]) + len(lines[1]) + 2,
            "excerpt": TEXTS["bad"],
        },
    ]
