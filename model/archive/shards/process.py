"""One shard from its pieces to its files: the one thing that every engine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from model.archive.article import excerpt
from model.archive.memory import return_memory
from model.archive.pieces import PieceReader
from model.archive.read import all_columns
from model.archive.shards.done import Done, write_done
from model.archive.shards.plan import Plan, Shard
from model.archive.time_limit import OutOfTimeError, TimeLimit
from model.archive.write import ShardWriter
from model.records import Article, Dropped, Prediction
from model.stopwatch import Watch, unwatched

if TYPE_CHECKING:
    from collections.abc import Iterable


class Predictor(Protocol):
    """What a classifier has to do here."""

    def draft(self, article: Article) -> list[Prediction]:
        """The sentences of an article, nothing predicted yet."""

    def complete_stream(self, drafts: Iterable[Prediction], watch: Watch) -> Iterator[Prediction]:
        """The drafts with what was predicted, in order."""


@dataclass(slots=True)
class ShardRunner:
    """Predicts the shards of a plan, one after the other: a context manager.

    Batches never cross a shard, so that its bytes depend on nothing outside it. `tick` is called
    for each record that is read; `watch` is told of the stages.
    """

    output_dir: Path
    plan: Plan
    classifier: Predictor
    tick: Callable[[], None] = lambda: None
    watch: Watch = unwatched
    _reader: PieceReader = field(init=False)
    _limit: TimeLimit = field(init=False)

    def __post_init__(self) -> None:
        settings = self.plan.settings
        self._limit = TimeLimit(settings.article_seconds)
        self._reader = PieceReader(
            settings.outlet, all_columns(settings.columns), settings.article_seconds
        )

    def __enter__(self) -> ShardRunner:
        self._reader.__enter__()
        self._limit.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._limit.__exit__(*details)
        self._reader.__exit__(*details)

    def run(self, shard: Shard) -> Done:
        """Predict a shard, and write it down as done. OutputError for a disk that refuses."""
        settings = self.plan.settings
        with self.watch("writing"):
            with ShardWriter(
                self.output_dir, shard.name, settings.format, partition=settings.partition
            ) as writer:
                drafts = _Drafts(
                    self._records(shard), self.classifier, writer, self._limit, self.watch
                )
                for prediction in self.classifier.complete_stream(drafts, self.watch):
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
        return_memory()
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
        self,
        records: Iterator[Article | Dropped],
        classifier: Predictor,
        writer: ShardWriter,
        limit: TimeLimit,
        watch: Watch,
    ) -> None:
        self.num_articles = 0
        self._records = records
        self._classifier = classifier
        self._writer = writer
        self._limit = limit
        self._watch = watch

    def __iter__(self) -> Iterator[Prediction]:
        while record := self._next():
            if isinstance(record, Dropped):
                self._writer.quarantine(record)
                continue
            with self._watch("text"):
                drafts = draft_within(self._limit, self._classifier, record)
            if isinstance(drafts, str):
                self._writer.quarantine(
                    Dropped(record.source, drafts, record.offset, excerpt(record.text))
                )
                continue
            self.num_articles += 1
            yield from drafts

    def _next(self) -> Article | Dropped | None:
        with self._watch("reading"):
            return next(self._records, None)


def draft_within(
    limit: TimeLimit, classifier: Predictor, article: Article
) -> list[Prediction] | str:
    """The sentences of an article, or why it has none: text that nobody thought of may cost its
    article, no more."""
    try:
        return limit.run(classifier.draft, article) or "holds no sentence"
    except OutOfTimeError:
        return f"reading it as sentences took over {limit.seconds:g} s"
    except Exception as error:
        return f"cannot be read as sentences: {type(error).__name__}: {error}"
