"""Fits a student to what a teacher said of articles, and compares the two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch.utils.data import ConcatDataset
from transformers import TrainingArguments

from model.errors import InputError
from model.net.agreement import Agreement, compare
from model.net.deciding import decide
from model.net.encoding import TextEncoder
from model.net.network import FramingNetwork
from model.records import LabelledSentence, Prediction
from model.tasks import STANCE
from model.text.normalize import normalize
from train.distill_settings import DistillConfig
from train.fit.checkpoints import Folders
from train.fit.determinism import prepare_torch
from train.fit.distill.labels import SoftLabels
from train.fit.distill.rows import SoftCollator, SoftRows
from train.fit.distill.teacher import Teacher
from train.fit.distill.trainer import SoftTrainer
from train.fit.encoder.start import StartedEncoder, start_encoder
from train.fit.examples import Row, RowMaker, balance
from train.fit.fitting import Fit
from train.fit.learning import (
    build_network,
    describe_truncation,
    learn,
    make_callbacks,
    make_schedule,
)
from train.fit.quick.optimizer import make_optimizer

_VOCABULARY_TEXTS = 200_000  # sentences that a vocabulary is made of: more change it little


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The sentences of articles that no student learns from, and what the teacher says of them."""

    teacher: Teacher
    encoder: TextEncoder
    drafts: Sequence[Prediction]
    said: Sequence[Prediction]

    @classmethod
    def read(
        cls, labels: SoftLabels, teacher: Teacher, network: FramingNetwork, encoder: TextEncoder
    ) -> HeldOut:
        """Decided from the soft labels by the code that decides for the student."""
        asked = teacher.student(network, encoder).checkpoint
        drafts, said = [], []
        for table in labels.tables:
            for line in table.lines_of("held_out"):
                draft = table.draft(line)
                drafts.append(draft)
                said.append(decide(asked, draft, table.reading(line, len(draft.stances))))
        return cls(teacher, encoder, drafts, said)

    def compare(self, network: FramingNetwork) -> list[Agreement]:
        """How far a student says what the teacher says, by task."""
        student = self.teacher.student(network, self.encoder)
        return compare(self.teacher.tasks, self.said, student.complete(self.drafts))


def fit_student(
    config: DistillConfig,
    teacher: Teacher,
    labels: SoftLabels,
    gold: Sequence[LabelledSentence],
    *,
    folders: Folders,
    args: TrainingArguments,
) -> tuple[Fit, list[Agreement]]:
    """Train a student; on one machine the same arguments give the same weights.

    InputError where the articles teach a task nothing.
    """
    settings = config.training
    prepare_torch(settings.seed)  # here, so that it does not matter whether a teacher was loaded
    started = _start(config, teacher, labels, gold)
    encoder = TextEncoder(started.tokenizer, settings.max_length, teacher.parity, settings.stride)
    network = build_network(started, settings, teacher.tasks)
    student = teacher.student(network, encoder)
    soft = SoftRows(labels, student, "train")
    if STANCE in teacher.tasks and not soft.has_pairs:
        what = "name none of the teacher's targets, so that stance would learn nothing"
        raise InputError("corpus.articles", what, "name other articles, or more of them")
    hard = RowMaker(encoder, teacher.tasks, teacher.names, context=teacher.context).make(gold)
    schedule = make_schedule(
        settings,
        args,
        [*map(len, hard), *soft.lengths.tolist()],
        [config.gold_weight] * len(hard) + [1.0] * len(soft),
    )
    held_out = HeldOut.read(labels, teacher, network, encoder)
    parts: list[Any] = [hard, soft] if hard else [soft]
    trainer = learn(
        network,
        settings,
        lambda: SoftTrainer(
            network,
            args,
            rows=ConcatDataset(parts),
            validation=SoftRows(labels, student, "held_out"),
            schedule=schedule,
            collate=SoftCollator(
                started.tokenizer.pad_token_id,
                network.tasks,
                balance((), network.tasks, "none"),
                config.temperature,
            ),
            make_optimizer=lambda model: make_optimizer(model, settings),
            validate=lambda network: {each.task: each.share for each in held_out.compare(network)},
            pass_tokens=settings.batch_tokens,
            smoothing=0.0,
            callbacks=make_callbacks(settings, schedule, folders.metrics, validates=True),
            temperature=config.temperature,
        ),
    )
    warnings = (started.warning, _truncation(hard, soft, settings.max_length))
    is_main = trainer.is_world_process_zero()
    fit = Fit(network, encoder, started.revision, tuple(filter(None, warnings)), is_main)
    return fit, held_out.compare(network) if is_main else []


def _start(
    config: DistillConfig,
    teacher: Teacher,
    labels: SoftLabels,
    gold: Sequence[LabelledSentence],
) -> StartedEncoder:
    texts = vocabulary_texts(labels, gold, config.gold_weight)
    return start_encoder(
        config.encoder,
        revision=config.revision,
        scratch=config.scratch,
        views=[normalize(text, teacher.parity).text for text in texts],
        max_length=config.training.max_length,
        dropout=config.training.dropout,
    )


def vocabulary_texts(
    labels: SoftLabels, gold: Sequence[LabelledSentence], weight: float
) -> Iterator[str]:
    """What a vocabulary is made of: labelled sentences as often as an epoch reads them, else the
    articles would leave few pieces for their words. At most some 200,000 of each."""
    times = min(round(weight), _VOCABULARY_TEXTS // max(len(gold), 1))
    for _ in range(max(times, 1)):
        yield from (sentence.text for sentence in gold)
    yield from labels.texts(_VOCABULARY_TEXTS)


def _truncation(hard: Sequence[Row], soft: SoftRows, max_length: int) -> str | None:
    cut = [row.num_lost for row in hard if row.num_lost]
    return describe_truncation(
        len(hard) + len(soft),
        len(cut) + soft.num_cut,
        sum(cut) + soft.num_lost,
        sum(map(len, hard)) + int(soft.lengths.sum()),
        max_length,
    )
