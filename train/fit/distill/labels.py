"""The teacher reads the articles once, and its soft labels stay on the disk.

Articles are read in lots, a file for each. `labels.json` says what they were made of and seals each
file: a labelling that was killed goes on behind the last whole one, and what is damaged is made
again. A lot is read by itself, so that its bytes depend on no other one.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from model.archive.atomic import AtomicFile, hash_file, output_errors
from model.archive.sealed import read_sealed, write_sealed
from model.archive.shards.process import draft_within
from model.archive.time_limit import TimeLimit
from model.errors import InputError, NabraError
from model.net.classifier import Classifier
from model.records import Article, Dropped, Prediction
from model.tasks import Task
from model.text.normalize import Parity, normalize
from train.distill_settings import ReadingConfig
from train.fit.deal import PARTS, Deal, Part, is_drawn
from train.fit.distill.soft import SoftTable, write_soft
from train.fit.resume.identity import OnChange, TrainingIdentity, differences

COUNTED = ("articles", "dropped", "copies", "not_drawn", "known", *PARTS)
"""Records read; those that are no article or hold no sentence; copies of others; those that were
not drawn; sentences that stand in the dataset's other splits, left out; sentences of each part."""

_RECORD = "labels.json"
_LOT = 256  # records
_SECONDS = 60.0  # what reading one article as sentences may take

Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class SoftLabels:
    """All that the teacher said: tables on disk, what was counted, and the hash of every table."""

    tables: Sequence[SoftTable]
    counts: Counts
    hashes: Sequence[str]

    def texts(self, most: int) -> Iterator[str]:
        """The sentences to learn from, or every so many-th where there are more than `most`."""
        every = 1 + self.counts["train"] // most
        for table in self.tables:
            for line in table.lines_of("train")[::every]:
                yield table.draft(line).text


def make_labels(
    read_articles: Callable[[], Iterable[Article | Dropped]],
    folder: Path,
    made_of: TrainingIdentity,
    *,
    load_teacher: Callable[[], Classifier],
    tasks: Sequence[Task],
    corpus: ReadingConfig,
    parity: Parity,
    kept_out: Collection[str],
    on_change: OnChange,
    tell: Callable[[str], None],
) -> SoftLabels:
    """What the teacher says of the articles; what lies in the folder is not made again.

    Sentences with a text in `kept_out` are left out. NabraError where the folder's labels were made
    of anything else, which it names; InputError where a part got no sentence.
    """
    lots, is_finished = _settle(folder, made_of, on_change)
    if not (is_finished and all(lot.is_intact(folder) for lot in lots)):
        tell("soft labels: the teacher reads the articles …")
        reader = _Reader(
            cache(load_teacher), tasks, corpus, parity, frozenset(kept_out), Deal(corpus.held_out)
        )
        lots = _read_lots(read_articles(), folder, made_of, lots, reader, tell)
    counts = Counter(dict.fromkeys(COUNTED, 0))
    for lot in lots:
        counts.update(lot.counts)
    for part in PARTS:
        if not counts[part]:
            fix = "name more articles, or another corpus.share or corpus.held_out"
            raise InputError("corpus.articles", f"leave no sentence for {part}", fix)
    tables = [SoftTable(folder / lot.name, tasks) for lot in lots]
    return SoftLabels(tables, dict(counts), [lot.sha256 for lot in lots])


@dataclass(frozen=True, slots=True)
class _Lot:
    """A file of labels as `labels.json` knows it."""

    name: str
    sha256: str
    counts: Counts

    @property
    def num_sentences(self) -> int:
        """How many sentences it holds."""
        return sum(self.counts[part] for part in PARTS)

    def is_intact(self, folder: Path) -> bool:
        """Whether the file is there, to the last byte."""
        try:
            return hash_file(folder / self.name)[1] == self.sha256
        except OSError:
            return False


def _settle(
    folder: Path, made_of: TrainingIdentity, on_change: OnChange
) -> tuple[list[_Lot], bool]:
    """The lots that lie there, and whether they are all; none that were made of anything else."""
    try:
        record = read_sealed(folder / _RECORD)
        then = TrainingIdentity(**record["made_of"])
        lots = [_Lot(**lot) for lot in record["lots"]]
    except (OSError, ValueError, KeyError, TypeError):
        return [], False  # nothing, or cut short: it is made again
    if then == made_of:
        return lots, bool(record["is_finished"])
    if on_change == "refuse" and any(lot.num_sentences for lot in lots):
        changes = "; ".join(differences(then, made_of))
        what = f"soft labels lie here that were made otherwise: {changes}"
        raise NabraError(folder, what, "undo the change, or make them anew with --restart")
    return [], False


def _read_lots(
    records: Iterable[Article | Dropped],
    folder: Path,
    made_of: TrainingIdentity,
    known: Sequence[_Lot],
    reader: _Reader,
    tell: Callable[[str], None],
) -> list[_Lot]:
    """All lots, each sealed as soon as it is written; those known and intact stay as they are."""
    lots: list[_Lot] = []
    waiting = iter(records)
    room = reader.corpus.sentences
    with output_errors(folder):
        if not known:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
    with TimeLimit(_SECONDS) as limit:
        while room and (records_of_lot := list(islice(waiting, _LOT))):
            # Dealt out in any case: copies of these articles may follow.
            counts, articles = reader.deal_out(records_of_lot)
            number = len(lots)
            if number < len(known) and known[number].is_intact(folder):
                lots.append(known[number])
            else:
                if number < len(known):
                    tell(f"{known[number].name} is made again: it is not what was written")
                name = f"part-{number:05}.arrow"
                sha256 = reader.write(folder / name, articles, room, limit, counts)
                lots.append(_Lot(name, sha256, counts))
            room -= lots[-1].num_sentences
            _write_record(folder, made_of, [*lots, *known[len(lots) :]], is_finished=False)
    _write_record(folder, made_of, lots, is_finished=True)
    return lots


def _write_record(
    folder: Path, made_of: TrainingIdentity, lots: Sequence[_Lot], *, is_finished: bool
) -> None:
    record: dict[str, Any] = {"made_of": asdict(made_of), "is_finished": is_finished}
    write_sealed(folder / _RECORD, {**record, "lots": [asdict(lot) for lot in lots]})


@dataclass(slots=True)
class _Reader:
    """Turns articles into soft labels, by the very path that predictions take."""

    teacher: Callable[[], Classifier]
    tasks: Sequence[Task]
    corpus: ReadingConfig
    parity: Parity
    kept_out: frozenset[str]
    deal: Deal

    def deal_out(
        self, records: Iterable[Article | Dropped]
    ) -> tuple[Counts, list[tuple[Article, Part]]]:
        """The articles to read, each with its part, and a count of all records."""
        counts = dict.fromkeys(COUNTED, 0)
        articles: list[tuple[Article, Part]] = []
        for record in records:
            counts["articles"] += 1
            if isinstance(record, Dropped):
                counts["dropped"] += 1
                continue
            text = normalize(f"{record.headline}\n{record.text}", self.parity).text
            if not is_drawn(text, self.corpus.share):
                counts["not_drawn"] += 1
            elif (part := self.deal.part_of(text)) is None:
                counts["copies"] += 1
            else:
                articles.append((record, part))
        return counts, articles

    def write(
        self,
        path: Path,
        articles: Iterable[tuple[Article, Part]],
        room: int,
        limit: TimeLimit,
        counts: Counts,
    ) -> str:
        """Label up to `room` sentences of the articles into a file; returns its hash."""
        drafts: list[Prediction] = []
        parts: list[Part] = []
        for article, part in articles:
            found = draft_within(limit, self.teacher(), article)
            if isinstance(found, str):
                counts["dropped"] += 1
                continue
            new = [draft for draft in found if draft.text not in self.kept_out]
            counts["known"] += len(found) - len(new)
            new = new[: room - len(drafts)]
            counts[part] += len(new)
            drafts += new
            parts += [part] * len(new)
        readings = self.teacher().read(drafts) if drafts else []
        with output_errors(path):
            file = AtomicFile(path)
            try:
                write_soft(file.stream, self.tasks, drafts, parts, readings)
                sha256 = file.hash()[1]
                file.commit()
            except BaseException:
                file.discard()
                raise
        return sha256
