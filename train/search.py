"""DOOR: from a config and its space to the settings that score best on the validation split."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from model.console import Overrides, Quiet, hush_libraries, new_app, run_app, say
from model.errors import ConfigError, NabraError
from train.coherence import broken_rules
from train.config import Run, read_run
from train.settings import LOSS, RunConfig, SearchConfig
from train.space import number_type, put

if TYPE_CHECKING:
    from train.fit.resume.identity import TrainingIdentity
    from train.fit.study import Trial
    from train.repeats import Sentences, Training

app = new_app()
_SHOWN = 5
_STUDY = "study.json"
_SETTINGS = "settings"

Restart = Annotated[
    bool, typer.Option("--restart", help="Throw the trials made so far away, and begin anew.")
]


@app.command()
def search(
    config: Annotated[Path, typer.Argument(help="The run's config, with a search part.")],
    overrides: Overrides = None,
    restart: Restart = False,
    quiet: Quiet = False,
) -> None:
    """Try settings on the validation split: RUN/search/best.yaml is a config with the best."""
    search_run(read_run(config, overrides or ()), restart=restart, quiet=quiet)


def search_run(run: Run, *, restart: bool = False, quiet: bool) -> None:
    """Make the trials that are still to be made, and write what they found."""
    hush_libraries()
    from train.data.dataset import read_dataset
    from train.fit.processes import num_processes
    from train.fit.study import read_trials
    from train.repeats import Training, with_training
    from train.steps import training_inputs

    settings = run.config.search
    if settings is None:
        raise ConfigError(run.path, ["search: is null, there is nothing to search"])
    if num_processes() > 1:
        raise NabraError("nabra search", "runs in one process", "start it without torchrun")
    splits = read_dataset(run.dataset_dir)
    if not splits["train"] or not splits["validation"]:
        what = "the training or the validation split is empty"
        raise NabraError(run.dataset_dir, what, "trials are scored on validation: raise its share")
    tell = partial(say, quiet=quiet)
    alone = with_training(run, report_to=[], seeds=[], folds=0)
    training = Training(
        alone, inputs=training_inputs(run.config), on_change="restart", quiet=quiet, tell=tell
    )
    folder = run.dir / "search"
    _settle(folder, _identity(training, splits), restart=restart)
    trials = read_trials(folder)
    if trials:
        tell(f"goes on behind {len(trials)} finished trials")
    _keep_best(folder, trials, settings)
    while len(trials) < settings.trials:
        trials.append(_try_next(folder, trials, settings, training, splits))
        _keep_best(folder, trials, settings)
        _write_table(folder / "trials.csv", trials, settings)
        tell(_line(trials[-1], settings))
    _finish(run, folder, trials, settings, quiet=quiet)


def _try_next(
    folder: Path,
    trials: Sequence[Trial],
    settings: SearchConfig,
    training: Training,
    splits: Mapping[str, Sentences],
) -> Trial:
    """Make one trial and write its result: only then does it count."""
    from torch import OutOfMemoryError

    from train.fit.checkpoints import Folders
    from train.fit.study import Trial, propose, trial_dir
    from train.repeats import kept_figures

    number = len(trials)
    values = propose(
        settings.space,
        [key for key in settings.space if number_type(key) is int],
        settings.metric,
        trials,
        seed=settings.seed,
        lower_is_better=settings.metric == LOSS,
    )
    twin = next((trial for trial in trials if trial.values == values), None)
    if twin:
        made = Trial(number, values, twin.figures, twin.reason, same_as=twin.number)
    else:
        folders = Folders.under(trial_dir(folder, number))
        figures: dict[str, float] = {}
        reason = None
        try:
            tried = training.with_run(with_values(training.run, values))
            config = tried.run.config.training
            tried.fit(folders, splits["train"], splits["validation"], seed=config.seed)
            figures = kept_figures(folders.metrics, config.best_by)
            if settings.metric not in figures:
                reason = f"no figure for {settings.metric}"
        except NabraError as error:
            if error.where not in (_SETTINGS, "training"):
                raise  # a fault that the next trial would meet too
            reason = str(error)
        except OutOfMemoryError:
            reason = "out of memory"
        made = Trial(number, values, figures if reason is None else {}, reason)
    made.write(trial_dir(folder, number))
    return made


def with_values(run: Run, values: Mapping[str, Any]) -> Run:
    """The run with other values at dotted keys. ConfigError where they do not go together."""
    plain: dict[str, Any] = run.config.model_dump()
    for key, value in values.items():
        plain = put(plain, key, value)
    if faults := broken_rules({**plain, "search": None}):
        raise ConfigError(_SETTINGS, faults)
    return Run(run.path, RunConfig.model_validate(plain))


def _identity(training: Training, splits: Mapping[str, Sentences]) -> TrainingIdentity:
    """All that decides a trial. How many are asked for does not: more can be added later."""
    from train.fit.checkpoints import hash_sentences
    from train.fit.resume.identity import TrainingIdentity
    from train.fit.study import optuna_version

    config = training.run.config.model_dump(mode="json", exclude={"output_dir", "evaluation"})
    del config["search"]["trials"]
    hashes = {name: hash_sentences(splits[name]) for name in ("train", "validation")}
    return TrainingIdentity(
        config=config,
        data=hashes | dict(training.inputs.files),
        code=training.inputs.code,
        versions={"optuna": optuna_version()}
        | {name: version(name) for name in ("numpy", "torch", "transformers")},
        processes=1,
    )


def _settle(folder: Path, identity: TrainingIdentity, *, restart: bool) -> None:
    """Make the folder that of this study, or refuse to go on with another one."""
    from model.archive.atomic import output_errors
    from train.fit.resume.identity import TrainingIdentity, differences
    from train.fit.study import trial_dir

    path = folder / _STUDY
    with output_errors(folder):
        if restart:
            path.unlink(missing_ok=True)
        then, flaw = TrainingIdentity.read(path)
        if then and (changes := differences(then, identity)):
            what = f"a search of another kind lies here: {'; '.join(changes)}"
            raise NabraError(folder, what, "undo the change, or begin anew with --restart")
        if then is None and not restart and trial_dir(folder, 0).exists():
            raise NabraError(folder, f"holds trials, and {flaw}", "begin anew with --restart")
        if then is None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            identity.write(path)


def _keep_best(folder: Path, trials: Sequence[Trial], settings: SearchConfig) -> None:
    """Of all finished trials the best alone keeps its checkpoint, none what it would go on from."""
    from train.fit.checkpoints import Folders
    from train.fit.fitted import drop_state
    from train.fit.study import trial_dir

    ranked = _rank(trials, settings)
    for trial in trials:
        folders = Folders.under(trial_dir(folder, trial.number))
        drop_state(folders, checkpoint=not ranked or trial.number != ranked[0].number)


def _rank(trials: Sequence[Trial], settings: SearchConfig) -> list[Trial]:
    from train.fit.study import rank

    return rank(trials, settings.metric, lower_is_better=settings.metric == LOSS)


def _finish(
    run: Run, folder: Path, trials: Sequence[Trial], settings: SearchConfig, *, quiet: bool
) -> None:
    """Write the best config and show the best trials. NabraError where none came to its end."""
    from model.archive.write import write_text
    from train.fit.study import trial_dir
    from train.score.spread import align, show

    ranked = _rank(trials, settings)
    if not ranked:
        reason = trials[0].reason or ""
        raise NabraError(folder, f"no trial came to its end, the first: {reason}", "see trials.csv")
    best = ranked[0]
    path = folder / "best.yaml"
    plain = with_values(run, best.values).config.model_dump(mode="json")
    plain |= {"output_dir": f"{run.dir}-best", "search": None}
    head = (
        f"# nabra run {path}\n# Trial {best.number} of {len(trials)} by nabra search {run.path}: "
        f"{settings.metric} {best.figures[settings.metric]:.4f} on the validation split.\n"
    )
    write_text(path, head + yaml.safe_dump(plain, allow_unicode=True, sort_keys=False))
    keys = list(settings.space)
    rows = [["trial", settings.metric, *(key.partition(".")[2] for key in keys)]]
    for trial in ranked[:_SHOWN]:
        shown = [_shown(trial.values[key]) for key in keys]
        rows.append([str(trial.number), show(trial.figures[settings.metric]), *shown])
    tell = partial(say, quiet=quiet)
    num_failed = len(trials) - len(ranked)
    tell(f"the best of {len(trials)} trials" + (f", {num_failed} failed" if num_failed else ""))
    tell(align(rows))
    if len(ranked) > 1:
        tell(
            f"  the best of {len(ranked)} on the validation split looks better there than it is: "
            "only the test split tells, by the command below"
        )
    tell(f"checkpoint: {trial_dir(folder, best.number) / 'checkpoint'}")
    tell(f"trials: {folder / 'trials.csv'}")
    tell(f"best settings: nabra run {path}")


def _line(trial: Trial, settings: SearchConfig) -> str:
    found = ", ".join(f"{key} {_shown(value)}" for key, value in trial.values.items())
    place = f"trial {trial.number} ({trial.number + 1} of {settings.trials}): {found}"
    figure = trial.figures.get(settings.metric)
    result = trial.reason if figure is None else f"{settings.metric} {figure:.4f}"
    same = "" if trial.same_as is None else f" (as trial {trial.same_as}, not made again)"
    return f"{place}: {result}{same}"


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return yaml.safe_dump(value).split()[0]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _write_table(path: Path, trials: Sequence[Trial], settings: SearchConfig) -> None:
    """A row for each trial, without times; no cell that a spreadsheet would run."""
    from model.archive.parts import guard_cell
    from model.archive.write import write_text

    figures = list(dict.fromkeys(name for trial in trials for name in trial.figures))
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["trial", "state", *figures, *settings.space, "same_as", "reason"])
    for trial in trials:
        state = "failed" if trial.reason else "done"
        measured = [trial.figures.get(name) for name in figures]
        tried = [trial.values[key] for key in settings.space]
        cells = [trial.number, state, *measured, *tried, trial.same_as, trial.reason]
        rows.writerow(map(guard_cell, cells))
    write_text(path, text.getvalue())


if __name__ == "__main__":
    run_app(app)
