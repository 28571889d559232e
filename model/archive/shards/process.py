"""One shard from its pieces to its files: the one thing that every engine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from model.archive.pieces import PieceReader
from model.archive.read import all_columns
from model.archive.shards.done import Done, write_done
from model.archive.shards.plan import Plan, Shard
from model.archive.write import ShardWriter
from model.records import Article, Dropped, Prediction

if TYPE_CHECKING:
    from collections.abc import Iterable


class Predictor(Protocol):
    """What a classifier has to do here."""

    def draft(self, article: Article) -> list[Prediction]:
        """The sentences of an article, nothing predicted yet."""

    def complete_stream(self, drafts: Iterable[Prediction]) -> Iterator[Prediction]:
        """The drafts with what was predicted, in order."""


@dataclass(slots=True)
class ShardRunner:
    """Predicts the shards of a plan, one after the other: a context manager.

    Batches never cross a shard, so that its bytes depend on nothing outside it. `tick` is called
    for each record that is read.
    """

    output_dir: Path
    plan: Plan
    classifier: Predictor
    tick: Callable[[], None] = lambda: None
    _reader: PieceReader = field(init=False)

    def __post_init__(self) -> None:
        settings = self.plan.settings
        self._reader = PieceReader(settings.outlet, all_columns(settings.columns))

    def __enter__(self) -> ShardRunner:
        self._reader.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._reader.__exit__(*details)

    def run(self, shard: Shard) -> Done:
        """Predict a shard, and write it down as done. OutputError for a disk that refuses."""
        settings = self.plan.settings
        with ShardWriter(
            self.output_dir, shard.name, settings.format, partition=settings.partition
        ) as writer:
            drafts = _Drafts(self._records(shard), self.classifier, writer)
            for prediction in self.classifier.complete_stream(drafts):
                writer.write(prediction)
        done = Done(
            plan=self.plan.fingerprint,
            shard=shard.number,
            articles=drafts.num_articles,
            rows=writer.rows,
            quarantined=writer.quarantined,
            files=writer.files,
        )
        write_done(self.output_dir, shard, done)
        return done

    def _records(self, shard: Shard) -> Iterator[Article | Dropped]:
        yield from shard.dropped
        for piece in shard.pieces:
            self.plan.check_input(piece.path)
            for record in self._reader.read(piece):
                self.tick()
                yield record


class _Drafts:
    """The sentences of the articles among records; what is no article goes to quarantine."""

    def __init__(
        self, records: Iterator[Article | Dropped], classifier: Predictor, writer: ShardWriter
    ) -> None:
        self.num_articles = 0
        self._records = records
        self._classifier = classifier
        self._writer = writer

    def __iter__(self) -> Iterator[Prediction]:
        for record in self._records:
            if isinstance(record, Dropped):
                self._writer.quarantine(record)
                continue
            try:
                drafts = self._classifier.draft(record)
            except Exception as error:  # text that nobody thought of may cost its article, no more
                reason = f"cannot be read as sentences: {type(error).__name__}: {error}"
                self._writer.quarantine(Dropped(record.source, reason))
                continue
            if drafts:
                self.num_articles += 1
                yield from drafts
            else:
                self._writer.quarantine(Dropped(record.source, "holds no sentence"))
