"""A run's training more than once: by its seeds, and by folds over its stories."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from model.archive.write import write_json, write_text
from model.errors import NabraError
from model.net.checkpoint import RECORD
from model.records import LabelledSentence
from train.config import Run
from train.data.split import grouped_folds
from train.fit.checkpoints import Folders, Inputs, fit_checkpoint, hash_sentences
from train.fit.fitted import copy_checkpoint, drop_state, is_fitted, wait_for_all
from train.fit.processes import is_main_process
from train.fit.resume.identity import OnChange
from train.judging import make_validation
from train.score.spread import align, fold_rows, fold_spreads, seed_rows, seed_spreads
from train.settings import LAST, LOSS, MEAN
from train.trackers import TENSORBOARD, tensorboard_in

Sentences = Sequence[LabelledSentence]
Figures = dict[str, float]
_EVAL = "eval_"
_PICKED = "the epoch kept is the best one on these sentences: the figures are optimistic"


@dataclass(frozen=True, slots=True)
class Training:
    """What all trainings of a run share; `tell` says a line to the user."""

    run: Run
    inputs: Inputs
    on_change: OnChange
    quiet: bool
    tell: Callable[[str], None]

    def fit(
        self,
        folders: Folders,
        train: Sentences,
        validation: Sentences,
        *,
        seed: int,
        report_to: Sequence[str] = (),
    ) -> tuple[str, ...]:
        """Train once, or go on with what was killed; returns what a user should know of it."""
        run = with_training(self.run, report_to=list(report_to))
        context = run.config.training.context
        shown = run.fingerprint("encoder", "revision", "parity", "tasks", "scratch", "training")
        with tensorboard_in(run.dir / TENSORBOARD / f"seed-{seed}-{shown[:8]}"):
            fit = fit_checkpoint(
                run,
                train,
                validation,
                folders=folders,
                inputs=self.inputs,
                seed=seed,
                score=make_validation(validation, run.lists, context) if validation else None,
                on_change=self.on_change,
                quiet=self.quiet,
            )
        wait_for_all()
        return fit.warnings

    def with_run(self, run: Run) -> Training:
        """The same for another config."""
        return replace(self, run=run)

    def is_fitted(
        self, folders: Folders, train: Sentences, validation: Sentences, seed: int
    ) -> bool:
        """Whether `fit` came to its end there with just these."""
        return is_fitted(
            self.run, train, validation, folders=folders, inputs=self.inputs, seed=seed
        )


def with_training(run: Run, **changed: Any) -> Run:
    """The run with other settings of its training, which are not checked again."""
    training = run.config.training.model_copy(update=changed)
    return Run(run.path, run.config.model_copy(update={"training": training}))


def kept_figures(metrics: Path, best_by: str) -> Figures:
    """The figures on the validation split of the epoch whose weights were kept; mean and loss last.

    By `best_by` it is the last or the best, the earliest of equals, as the Trainer keeps it. What
    is no number is left out.
    """
    lines = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    judged = [line for line in lines if _EVAL + LOSS in line]
    sign, key = (-1 if best_by == LOSS else 1), _EVAL + best_by
    best = [line for line in judged if math.isfinite(line.get(key, math.nan))]
    kept = max(best, key=lambda line: float(sign * line[key])) if best else {}
    if best_by == LAST and judged:
        kept = judged[-1]
    figures = {
        name.removeprefix(_EVAL): value
        for name, value in kept.items()
        if name.startswith(_EVAL) and math.isfinite(value)
    }
    order = sorted(figures, key=lambda name: (name == LOSS, name == MEAN))
    return {name: figures[name] for name in order}


def fit_seeds(training: Training, splits: Mapping[str, Sentences]) -> tuple[str, ...]:
    """Train each of `training.seeds`; the run's checkpoint is that of the first one named.

    So it was settled before any was trained: the best on the validation split would be the
    luckiest. A seed that came to its end is not trained again. Writes RUN/seeds.json, and returns
    what a user should know.
    """
    run, settings = training.run, training.run.config.training
    train, validation = splits["train"], splits["validation"]
    warnings: dict[str, None] = {}
    by_seed: dict[str, Figures] = {}
    for number, seed in enumerate(settings.seeds):
        folders = Folders.under(run.dir / "seeds" / str(seed))
        place = f"seed {seed} ({number + 1} of {len(settings.seeds)})"
        if (folders.checkpoint / RECORD).is_file() and training.is_fitted(
            folders, train, validation, seed
        ):
            training.tell(f"{place}: trained before")
        else:
            training.tell(f"{place} …")
            # In one process most trackers take all that they are told for one and the same run.
            report_to = [name for name in settings.report_to if number == 0 or name == TENSORBOARD]
            told = training.fit(folders, train, validation, seed=seed, report_to=report_to)
            warnings |= dict.fromkeys(told)
        if is_main_process():
            drop_state(folders)
            by_seed[str(seed)] = kept_figures(folders.metrics, settings.best_by)
            if number == 0:
                copy_checkpoint(folders.checkpoint, run.checkpoint_dir)
                write_text(run.dir / "metrics.jsonl", folders.metrics.read_text(encoding="utf-8"))
    if is_main_process():
        _report_seeds(training, by_seed, validation)
    return tuple(warnings)


def cross_validate(
    training: Training, splits: Mapping[str, Sentences], silver_articles: Collection[str]
) -> None:
    """Train once for each fold over the stories of training and validation; test is not touched.

    Gold alone is folded and scored. Silver stays in training, but for articles that tell a story of
    the fold. Each seed meets the same folds. Writes RUN/cross_validation.json; the weights of the
    folds are not kept. NabraError where there are fewer stories than folds.
    """
    run, settings = training.run, training.run.config.training
    pool = [*splits["train"], *splits["validation"]]
    silver = set(silver_articles)
    gold = [s for s in pool if s.dataset is not None or s.article_id not in silver]
    num_stories = len({sentence.story for sentence in gold})
    if num_stories < settings.folds:
        what = f"is {settings.folds}, and training and validation hold {num_stories} stories"
        raise NabraError("training.folds", what, "lower it")
    folds: list[dict[str, Any]] = []
    for number, fold in enumerate(grouped_folds(gold, settings.folds, run.config.split.seed)):
        stories = {sentence.story for sentence in fold}
        train = [sentence for sentence in pool if sentence.story not in stories]
        by_seed: dict[str, Figures] = {}
        for seed in settings.seeds or [settings.seed]:
            parent = run.dir / "cross_validation" / str(number) / "seeds" / str(seed)
            folders = Folders.under(parent)
            place = f"fold {number} ({number + 1} of {settings.folds}), seed {seed}"
            if training.is_fitted(folders, train, fold, seed):
                training.tell(f"{place}: trained before")
            else:
                training.tell(f"{place} …")
                training.fit(folders, train, fold, seed=seed)
            if is_main_process():
                drop_state(folders, checkpoint=True)
                by_seed[str(seed)] = kept_figures(folders.metrics, settings.best_by)
        folds.append(
            {
                "sentences": len(fold),
                "stories": len(stories),
                "training_sentences": len(train),
                "silver_articles_left_out": len(
                    {s.article_id for s in pool if s.story in stories} - _articles(fold)
                ),
                "figures": by_seed,
            }
        )
    if is_main_process():
        _report_folds(training, gold, folds)


def _articles(sentences: Sentences) -> set[str]:
    return {sentence.article_id for sentence in sentences}


def _report_seeds(
    training: Training, by_seed: Mapping[str, Figures], validation: Sentences
) -> None:
    run, settings = training.run, training.run.config.training
    path = run.dir / "seeds.json"
    if not validation:
        path.unlink(missing_ok=True)
        training.tell("seeds: without a validation split there is no spread to report")
        return
    record = {
        "seeds": settings.seeds,
        "checkpoint_seed": settings.seeds[0],
        "best_by": settings.best_by,
        "sentences": len(validation),
        "stories": len({sentence.story for sentence in validation}),
        "hashes": _hashes(training, validation),
        "figures": {
            name: {"by_seed": {seed: found.get(name) for seed, found in by_seed.items()}}
            | spread.to_dict()
            for name, spread in seed_spreads(by_seed).items()
        },
    }
    write_json(path, record)
    training.tell(
        f"the seeds on the validation split, {record['sentences']} sentences of "
        f"{record['stories']} stories:\n{align(seed_rows(by_seed))}"
    )
    _tell_rest(training, path)


def _report_folds(training: Training, gold: Sentences, folds: Sequence[Mapping[str, Any]]) -> None:
    run, settings = training.run, training.run.config.training
    path = run.dir / "cross_validation.json"
    figures = [fold["figures"] for fold in folds]
    record = {
        "seeds": settings.seeds or [settings.seed],
        "split_seed": run.config.split.seed,
        "best_by": settings.best_by,
        "hashes": _hashes(training, gold),
        "figures": {
            name: {
                "mean": spread.folds.mean,
                "over_folds": spread.folds.to_dict(),
                "over_seeds": spread.seeds.to_dict(),
            }
            for name, spread in fold_spreads(figures).items()
        },
        "folds": folds,
    }
    write_json(path, record)
    rows = fold_rows(figures)
    for name in ("sentences", "stories"):
        counts = [name, *(str(fold[name]) for fold in folds)]
        rows.append(counts + [""] * (len(rows[0]) - len(counts)))
    training.tell(f"the folds over training and validation:\n{align(rows)}")
    _tell_rest(training, path)


def _hashes(training: Training, scored: Sentences) -> dict[str, str]:
    config = training.run.fingerprint()
    return {"config": config, "code": training.inputs.code, "scored": hash_sentences(scored)}


def _tell_rest(training: Training, path: Path) -> None:
    if training.run.config.training.best_by != LAST:
        training.tell(f"  {_PICKED}")
    training.tell(f"figures: {path}")
