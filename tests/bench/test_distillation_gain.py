"""What students gain from what a teacher says of articles that nobody has labelled.

Five folds over the stories of the seeds: in each a teacher, fine-tuned on four of them as the
quickstart is, reads news (`configs/distill.yaml`, all settings as they are there), and is asked the
fifth, as its students are. What is finished stays in the folder `NABRA_BENCH_KEEP`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from model.net.classifier import load
from tests.bench.test_encoder_quality import Counts, Fold, by_story, to_result
from tests.bench.trainings import count, prepared
from train.config import read_run
from train.data.dataset import write_dataset
from train.distill import distill
from train.finetune import finetune
from train.judging import label_gold

QUICKSTART, DISTILL = Path("configs/quickstart.yaml"), Path("configs/distill.yaml")
SENTENCES = 10_000
SMALL = [
    "encoder=scratch",
    "scratch={architecture: bert, vocabulary: 8000, layers: 2, width: 192, heads: 4, "
    "feed_forward: 384}",
]
FROM_SCRATCH = [
    "training.epochs=12",
    "training.batch_tokens=512",
    "training.dropout=0.2",
    "training.token_dropout=0.15",
    "training.class_weights=none",
]
"""What served networks without any pre-training on these labels."""

LARGER = ["scratch.vocabulary=16000", "training.epochs=6"]
"""What a student that begins with nothing wants of articles, chosen on the first fold. The labels
of people alone fill no such vocabulary."""

TEACHER, SAME = "teacher: embedded, labels of people", "embedded, and the teacher's labels"
UNLABELLED = "embedded, the teacher's labels alone"
ALONE, TAUGHT = "2 × 192 by chance, labels of people", "2 × 192, and the teacher's labels"


@pytest.mark.parametrize("num_folds", [int(os.environ.get("NABRA_BENCH_FOLDS", "5"))])
def test_students_beside_their_teacher(
    num_folds: int, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NABRA_DATA", str(data))
    work = Path(os.environ.get("NABRA_BENCH_KEEP", tmp_path))
    run = prepared(str(QUICKSTART), tmp_path)
    results: dict[str, list[Counts]] = {}
    for number, fold in enumerate(by_story(run, data)[:num_folds]):
        for name, checkpoint in train_all(fold, work / f"fold-{number}").items():
            outputs = label_gold(load(checkpoint), fold[1])
            counts = count(fold[1], outputs, run.config.task_list)
            results.setdefault(name, []).append(counts)
    found = {name: to_result([by_fold]) for name, by_fold in results.items()}
    for measure in found[TEACHER].counts:
        print(f"\n{measure}")
        for name, result in found.items():
            print(f"  {name:40} {result.figure(measure):.3f}")
        for name, rival in (
            (SAME, TEACHER),
            (UNLABELLED, TEACHER),
            (TAUGHT, ALONE),
            (TAUGHT, TEACHER),
        ):
            lead, interval = found[name].lead_over(found[rival], measure)
            print(
                f"  {name} over {rival}: {lead:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}], "
                f"{interval.num_stories} stories"
            )


def train_all(fold: Fold, folder: Path) -> dict[str, Path]:
    """The checkpoints of a fold, by what they learned from."""
    train, test = fold
    for name in ("teacher", "alone"):
        splits = {"train": train, "validation": [], "test": test}
        write_dataset(folder / name / "dataset", splits, [], {})
    checkpoints = {
        TEACHER: fine_tuned(folder / "teacher", []),
        ALONE: fine_tuned(folder / "alone", [*SMALL, *FROM_SCRATCH]),
    }
    beside = [
        f"dataset={{path: {folder}/teacher/dataset, weight: 4.0}}",
        f"teacher={checkpoints[TEACHER]}",
    ]
    checkpoints[SAME] = distilled(folder / "same", beside)
    checkpoints[UNLABELLED] = distilled(folder / "unlabelled", beside[1:])
    checkpoints[TAUGHT] = distilled(
        folder / "taught", [*beside, *SMALL, *LARGER], folder / "same/labels"
    )
    return checkpoints


def fine_tuned(folder: Path, changes: list[str]) -> Path:
    """The checkpoint of the quickstart's settings with these changes, made where it is missing."""
    given = [f"output_dir={folder}", *changes]
    checkpoint = read_run(QUICKSTART, given).checkpoint_dir
    if not checkpoint.exists():
        finetune(QUICKSTART, given, quiet=True)
    return checkpoint


def distilled(folder: Path, changes: list[str], labels: Path | None = None) -> Path:
    """The checkpoint of a student, made where it is missing; from soft `labels` of another one."""
    articles = "corpus.articles=[$NABRA_DATA/data/saudinewsnet]"
    reading = [articles, "corpus.share=0.3", f"corpus.sentences={SENTENCES}"]
    if labels and not (folder / "labels").exists():
        shutil.copytree(labels, folder / "labels")
    if not (folder / "checkpoint").exists():
        distill(DISTILL, [f"output_dir={folder}", *reading, *changes], quiet=True)
    return folder / "checkpoint"
