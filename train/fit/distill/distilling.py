"""From a teacher and articles without labels to a student's checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.archive.manifest import versions as versions_of_reading
from model.archive.memory import keep_freed_memory
from model.net.agreement import Agreement
from model.net.classifier import load
from model.records import Article, Dropped, LabelledSentence
from train.distill_settings import DistillConfig
from train.fit.checkpoints import Folders, Inputs, birth_record, hash_sentences, leave_checkpoint
from train.fit.distill.labels import SoftLabels, make_labels
from train.fit.distill.student import fit_student
from train.fit.distill.teacher import Teacher
from train.fit.processes import is_main_process, num_processes
from train.fit.resume.identity import OnChange, TrainingIdentity, settle, versions
from train.fit.resume.sealed_trainer import trainer_arguments

LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Gold:
    """A labelled dataset beside the articles; each split is empty where there is none."""

    train: Sequence[LabelledSentence]
    validation: Sequence[LabelledSentence]
    test: Sequence[LabelledSentence]

    @property
    def kept_out(self) -> set[str]:
        """Texts that no student may learn from, as it is measured on them."""
        return {sentence.text for sentence in (*self.validation, *self.test)}


def distill_checkpoint(
    config: DistillConfig,
    teacher: Teacher,
    folders: Folders,
    read_articles: Callable[[], Iterable[Article | Dropped]],
    gold: Gold,
    *,
    inputs: Inputs,
    on_change: OnChange,
    show_progress: bool,
    tell: Callable[[str], None],
) -> dict[str, Any] | None:
    """Let the teacher label the articles, train on that, and write the student's checkpoint.

    Returns its record, None in helping processes. What a killed run left is gone on with by the
    very same one only; another one is refused with NabraError, which names what differs, or starts
    afresh.
    """
    keep_freed_memory()  # before the teacher makes a tensor
    settings = config.training
    args = trainer_arguments(
        folders.trainer,
        settings,
        seed=settings.seed,
        show_progress=show_progress,
        eval_strategy="steps",
    )
    with args.main_process_first(desc="soft labels"):
        labels = make_labels(
            read_articles,
            folders.checkpoint.parent / LABELS,
            _labels_of(config, teacher, gold, inputs),
            load_teacher=lambda: load(teacher.path),
            tasks=teacher.tasks,
            corpus=config.corpus,
            parity=teacher.parity,
            kept_out=gold.kept_out,
            on_change=on_change,
            tell=tell,
        )
    _tell_counts(labels.counts, len(gold.train), config.gold_weight, tell)
    identity = _identify(config, teacher, labels, gold, inputs)
    if is_main_process():
        settle(folders.trainer, identity, on_change)
    fit, agreement = fit_student(config, teacher, labels, gold.train, folders=folders, args=args)
    if not fit.is_main_process:
        return None
    record = birth_record(
        fit,
        identity,
        gold.train,
        encoder=config.encoder,
        context=teacher.context,
        seed=settings.seed,
        config_hash=_hash(config.model_dump(mode="json")),
    )
    record["num_sentences"] += labels.counts["train"]
    record["training_data_hash"] = identity.data["labels"]
    is_calibrated = bool(gold.validation)
    record["teacher"] = _about(config, teacher, labels, agreement, is_calibrated=is_calibrated)
    for each in agreement:
        tell(f"says what the teacher says on held-out articles, {each}")
    leave_checkpoint(folders, fit, identity, lists=teacher.lists, record=record)
    return record


def _tell_counts(
    counts: Mapping[str, int], num_gold: int, gold_weight: float, tell: Callable[[str], None]
) -> None:
    tell(
        f"soft labels: {counts['train']:,} sentences to learn from, {counts['held_out']:,} held "
        f"out, of {counts['articles']:,} articles ({counts['dropped']:,} not read, "
        f"{counts['copies']:,} copies, {counts['not_drawn']:,} not drawn; {counts['known']:,} "
        "sentences left out that the dataset measures on)"
    )
    if num_gold:
        share = 1 / (1 + counts["train"] / (gold_weight * num_gold))
        tell(f"labels of people: {num_gold:,} sentences, {share:.0%} of what an epoch reads")


def _labels_of(
    config: DistillConfig, teacher: Teacher, gold: Gold, inputs: Inputs
) -> TrainingIdentity:
    """All that decides the soft labels."""
    return TrainingIdentity(
        config={"corpus": config.corpus.model_dump(mode="json", exclude={"articles": True})},
        data={
            "teacher": teacher.sha256,
            "articles": inputs.files["articles"],
            "dataset": _hash(sorted(gold.kept_out)),
        },
        code="",  # labels are dear: as predictions, they go by the versions of what made them
        versions=versions_of_reading(teacher.path),
        processes=1,
    )


def _identify(
    config: DistillConfig, teacher: Teacher, labels: SoftLabels, gold: Gold, inputs: Inputs
) -> TrainingIdentity:
    return TrainingIdentity(
        config=config.model_dump(mode="json", exclude={"output_dir": True, "teacher": True}),
        data={
            "teacher": teacher.sha256,
            "labels": _hash(labels.hashes),
            "train": hash_sentences(gold.train),
            **inputs.files,
        },
        code=inputs.code,
        versions=versions(),
        processes=num_processes(),
    )


def _about(
    config: DistillConfig,
    teacher: Teacher,
    labels: SoftLabels,
    agreement: Sequence[Agreement],
    *,
    is_calibrated: bool,
) -> dict[str, Any]:
    """What the student's record says of its teacher."""
    return {
        "path": str(teacher.path),
        "sha256": teacher.sha256,
        "encoder": teacher.record.get("encoder"),
        "num_parameters": teacher.record.get("num_parameters"),
        "temperature": config.temperature,
        "counts": labels.counts,
        "calibrated_on": "the dataset's validation split"
        if is_calibrated
        else "nothing: what a teacher says is no gold, and no labelled sentences were named",
        "agreement": {
            each.task: {"kind": each.kind, "compared": each.num_compared, "share": each.share}
            for each in agreement
        },
    }


def _hash(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
