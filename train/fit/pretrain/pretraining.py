"""Pre-trains one network by the settings of a config, and leaves an encoder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, TrainingArguments

from model.errors import InputError
from model.net.encoding import register_placeholders
from model.net.fast_layers import is_wanted, quicken, restore
from model.records import Article, Dropped
from model.text.normalize import PREPROCESSING_VERSION
from train.fit.determinism import prepare_torch
from train.fit.encoder.compact import train_tokenizer
from train.fit.encoder.names import SCRATCH
from train.fit.pretrain.comparing import Comparer
from train.fit.pretrain.corpus import (
    Corpus,
    read_corpus,
    seal_corpus,
    vocabulary_texts,
    write_rows,
    write_texts,
)
from train.fit.pretrain.leaving import make_record, save_encoder
from train.fit.pretrain.masking import Masker, Passes
from train.fit.pretrain.network import (
    ComparingNetwork,
    MaskedWordNetwork,
    ReplacedTokenNetwork,
    new_network,
    new_objective,
    pretrained_network,
)
from train.fit.pretrain.optimizer import make_optimizer
from train.fit.pretrain.trainer import Pace, PretrainTrainer, StepEnds
from train.fit.pretrain.vectors import cooccurrence_vectors
from train.fit.processes import is_main_process, num_processes
from train.fit.records.metrics_file import MetricsFile
from train.fit.resume.identity import IDENTITY, OnChange, TrainingIdentity, settle, versions
from train.fit.resume.sealed import disk_errors
from train.fit.resume.sealed_trainer import trainer_arguments
from train.pretrain_settings import PretrainConfig

ENCODER, METRICS, PACE = "encoder", "metrics.jsonl", "pace.jsonl"
_LIKENESS_WIDTH = 200  # of the vectors that tell which words may stand in for which
_SAMPLE_ROWS = 60_000  # of the corpus, that tell which tokens are words
_SCHEDULES = {"constant": "constant_with_warmup"}  # the Trainer's names, where they differ


@dataclass(frozen=True, slots=True)
class Started:
    """What is trained, `module`, with the encoder in it, and what its rows are cut by."""

    tokenizer: Any
    module: MaskedWordNetwork | ReplacedTokenNetwork
    revision: str | None

    @property
    def network(self) -> Any:
        """The encoder, with its head if it guesses words itself."""
        return self.module.network


def pretrain_encoder(
    config: PretrainConfig,
    folder: Path,
    read_articles: Callable[[], Iterable[Article | Dropped]],
    *,
    hashes: Mapping[str, str],
    code: str,
    on_change: OnChange,
    show_progress: bool,
    tell: Callable[[str], None],
    watch: Callable[[Iterator[str]], Iterable[str]],
) -> Mapping[str, Any] | None:
    """Train, and write the encoder into `folder`; returns its record, None in helping processes.

    `hashes` are those of all that is read: what an unfinished training left is gone on with by the
    very same one only. On one machine the same arguments give the same weights.
    """
    settings = config.training
    prepare_torch(settings.seed)
    args = trainer_arguments(
        folder / "trainer",
        settings,
        seed=settings.seed,
        show_progress=show_progress,
        lr_scheduler_type=_SCHEDULES.get(settings.schedule, settings.schedule),
    )
    with args.main_process_first(desc="corpus"):
        started, corpus = _corpus(config, folder, read_articles, dict(hashes), tell, watch)
    tell(
        f"corpus: {corpus.counts['articles']:,} articles ({corpus.counts['dropped']:,} not read, "
        f"{corpus.counts['copies']:,} copies), {corpus.counts['words'] / 1e6:.1f} million words, "
        f"{corpus.counts['train_tokens'] / 1e6:.1f} million tokens an epoch"
    )
    identity = TrainingIdentity(
        config=config.model_dump(mode="json", exclude={"output_dir": True}),
        data=dict(hashes),
        code=code,
        versions=versions(),
        processes=num_processes(),
    )
    if is_main_process():
        settle(folder / "trainer", identity, on_change)
    passes = _passes(config, corpus, started.tokenizer, args, tell)
    tokens_a_step = passes.rows_a_pass * settings.length * _passes_a_step(args)
    num_steps = len(passes) // _passes_a_step(args)
    args.warmup_steps = round(settings.warmup_ratio * num_steps)
    network = started.module
    is_quick = is_wanted(settings.precision)
    if is_quick:
        quicken(network, row_gradients=False)  # the table of words gives the logits, too
    trainer = PretrainTrainer(
        network,
        args,
        passes=passes,
        held_out=corpus.held_out,
        held_out_masker=Masker(started.tokenizer, whole_words=False),
        make_optimizer=lambda model: make_optimizer(model, settings),
        callbacks=[
            StepEnds(
                num_steps,
                eval_steps=max(1, num_steps // settings.evaluations),
                save_steps=settings.save_steps,
            ),
            MetricsFile(folder / METRICS, _Epochs(_passes_a_step(args) / passes.passes_an_epoch)),
            Pace(folder / PACE, tokens_a_step, tell),
        ],
    )
    trainer.remove_callback(PrinterCallback)  # what it prints stands in the files
    place = trainer.place_to_go_on()
    if place is None and config.encoder == SCRATCH and config.vectors == "cooccurrence":
        tell("vectors of words from their company …")
        table = started.network.get_input_embeddings().weight
        vectors = cooccurrence_vectors(corpus.train, *table.shape, seed=settings.seed)
        with torch.no_grad():
            table.copy_(torch.from_numpy(vectors))
    trainer.train(resume_from_checkpoint=place)
    if not trainer.is_world_process_zero():
        return None
    if is_quick:
        restore(network)
    record = make_record(
        config,
        folder / PACE,
        started.network,
        started.revision,
        corpus.counts,
        num_steps * tokens_a_step,
        identity,
    )
    with disk_errors(folder / ENCODER):
        save_encoder(folder / ENCODER, started.tokenizer, started.network, record)
        identity.write(folder / "trainer" / IDENTITY, finished=True)
    return record


def _corpus(
    config: PretrainConfig,
    folder: Path,
    read_articles: Callable[[], Iterable[Article | Dropped]],
    hashes: dict[str, str],
    tell: Callable[[str], None],
    watch: Callable[[Iterator[str]], Iterable[str]],
) -> tuple[Started, Corpus]:
    """The network to begin with and the rows that it is to read, made or found in the folder."""
    place = folder / "corpus"
    length = config.training.length
    parts = config.model_dump(mode="json", include={"encoder", "parity", "corpus"})
    size = config.scratch.vocabulary if config.encoder == SCRATCH else 0
    made_of = json.dumps([parts, size, length, hashes, PREPROCESSING_VERSION], sort_keys=True)
    found = read_corpus(place, made_of, length)
    if found is not None:
        return _start(config, place), found
    tell("corpus: normalising the articles …")
    counts = write_texts(
        read_articles(), place, parity=config.parity, held_out=config.corpus.held_out
    )
    if config.encoder == SCRATCH:
        tell("corpus: making a vocabulary …")
        tokenizer = train_tokenizer(vocabulary_texts(place), config.scratch.vocabulary)
        register_placeholders(tokenizer)
        tokenizer.save_pretrained(place / "tokenizer")
    started = _start(config, place)
    tell("corpus: tokenizing …")
    counts |= write_rows(place, started.tokenizer, length, watch=watch)
    seal_corpus(place, made_of, counts)
    found = read_corpus(place, made_of, length)
    assert found is not None, "it has just been written"
    return started, found


def _start(config: PretrainConfig, place: Path) -> Started:
    if config.encoder != SCRATCH:
        length = config.training.length
        tokenizer, network, revision = pretrained_network(config.encoder, config.revision, length)
        return Started(tokenizer, _guessing(network, config), revision)
    from transformers import BertTokenizerFast

    tokenizer = BertTokenizerFast.from_pretrained(place / "tokenizer", local_files_only=True)
    settings = config.training
    torch.manual_seed(settings.seed)
    size = (tokenizer, config.scratch, settings.length, settings.dropout)
    if config.objective == "replaced_tokens":
        return Started(tokenizer, new_objective(*size, config.generator_layers), None)
    return Started(tokenizer, _guessing(new_network(*size), config), None)


def _guessing(network: Any, config: PretrainConfig) -> MaskedWordNetwork:
    if config.compared_pairs:
        return ComparingNetwork(network, config.kept_states)
    return MaskedWordNetwork(network)


def _passes(
    config: PretrainConfig,
    corpus: Corpus,
    tokenizer: Any,
    args: TrainingArguments,
    tell: Callable[[str], None],
) -> Passes:
    settings = config.training
    rows_a_pass = settings.batch_tokens // settings.length
    if len(corpus.train) < rows_a_pass or not len(corpus.held_out):
        what = f"{len(corpus.train)} and {len(corpus.held_out)} rows of {settings.length} tokens"
        raise InputError(
            "corpus.articles", f"give {what}, to train on and held out", "name more articles"
        )
    num_steps = settings.tokens // (rows_a_pass * settings.length * _passes_a_step(args))
    return Passes(
        rows=corpus.train,
        masker=Masker(tokenizer, whole_words=config.masking.whole_words),
        rows_a_pass=rows_a_pass,
        num_passes=max(1, num_steps) * _passes_a_step(args),
        first_rate=config.masking.rate,
        last_rate=config.masking.last_rate,
        seed=settings.seed,
        comparer=_comparer(config, corpus, tokenizer, tell),
        num_pairs=config.compared_pairs,
    )


def _comparer(
    config: PretrainConfig, corpus: Corpus, tokenizer: Any, tell: Callable[[str], None]
) -> Comparer | None:
    if not config.compared_pairs:
        return None
    tell("words of like company …")
    vectors = cooccurrence_vectors(
        corpus.train, len(tokenizer), _LIKENESS_WIDTH, seed=config.training.seed
    )
    return Comparer(tokenizer, vectors, corpus.train[:_SAMPLE_ROWS])


def _passes_a_step(args: TrainingArguments) -> int:
    return int(args.gradient_accumulation_steps * args.world_size)


@dataclass(frozen=True, slots=True)
class _Epochs:
    epochs_a_step: float

    def epoch_of(self, num_done: int) -> float:
        return num_done * self.epochs_a_step
