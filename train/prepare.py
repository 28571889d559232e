"""DOOR: from articles and annotations to a labelled dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.console import Overrides, Quiet, follow, hush_libraries, new_app, run_app, say
from model.errors import ConfigError, InputError
from train.config import Run, expand_path, missing_paths, read_run
from train.settings import DataConfig

if TYPE_CHECKING:
    from model.records import Article, Dropped
    from train.data.split import Splits

app = new_app()


@app.command()
def prepare(
    config: Annotated[Path, typer.Argument(help="The run's config.")],
    overrides: Overrides = None,
    quiet: Quiet = False,
) -> None:
    """Turn articles and annotations into labelled sentences: RUN/dataset/."""
    prepare_run(read_run(config, overrides or ()), quiet=quiet)


def prepare_run(run: Run, *, quiet: bool) -> None:
    """Write the run's dataset, and say what it holds."""
    hush_libraries()
    from train.data.dataset import write_dataset
    from train.data.split import SPLITS
    from train.steps import code_hash, data_hashes

    if faults := missing_paths(run):
        raise ConfigError(run.path, faults)
    dropped: list[Dropped] = []
    splits: Splits = {name: [] for name in SPLITS}
    silver: list[str] = []
    if run.config.data:
        silver = _add_own(run, run.config.data, splits, dropped, quiet=quiet)
    _add_public(run, splits, dropped)
    hashes = {"config": run.fingerprint("data", "datasets", "split", "silver", "tasks")}
    hashes |= data_hashes(run.config) | {"code": code_hash()}
    manifest = write_dataset(run.dataset_dir, splits, dropped, hashes, silver)
    for name, counts in manifest["splits"].items():
        say(
            f"{name}: {counts['sentences']} sentences, {counts['articles']} articles, "
            f"{counts['stories']} stories",
            quiet=quiet,
        )
    if dropped:
        say(f"dropped: {len(dropped)} records, each with its reason in the manifest", quiet=quiet)
    say(f"dataset: {run.dataset_dir}", quiet=quiet)


def _add_own(
    run: Run, data: DataConfig, splits: Splits, dropped: list[Dropped], *, quiet: bool
) -> list[str]:
    """Add the run's own articles to the splits; returns the ids of those with silver labels."""
    from model.text.lexicon import Lexicon
    from model.text.targets import TargetList
    from train.data.annotations import match_articles, read_annotations
    from train.data.silver.label import fit_labeller
    from train.data.split import split
    from train.data.stories import find_copies, join_stories

    settings = run.config.split
    targets = TargetList.read(Path(data.targets))
    lexicon = Lexicon.read(Path(data.lexicon))
    articles = _read_articles(data.articles, data, dropped, quiet=quiet)
    gold, unmatched = match_articles(read_annotations(Path(data.annotations)), articles)
    dropped += unmatched
    if not gold:
        raise InputError(
            data.annotations, "labels no sentence of these articles", "check data.articles"
        )
    if unknown := sorted({s.target for g in gold for s in g.stances} - set(targets.targets)):
        raise InputError(data.annotations, f"names unknown targets: {', '.join(unknown)}")
    labelled_ids = {sentence.article_id for sentence in gold}
    unlabelled = _read_articles(data.unlabelled, data, dropped, quiet=quiet)
    # Labelled articles come first, so that a group which holds one goes by its id.
    labelled = {key: article for key, article in articles.items() if key in labelled_ids}
    everything = labelled | unlabelled
    first_of = find_copies(everything)
    known = {s.article_id: s.story for s in gold if s.story != s.article_id}
    stories = join_stories(everything, first_of, known, events=settings.events)
    division = split(
        [replace(sentence, story=stories[sentence.article_id]) for sentence in gold],
        by=settings.by,
        validation=settings.validation,
        test=settings.test,
        seed=settings.seed,
        held_out=settings.held_out,
    )
    for name, sentences in division.splits.items():
        splits[name] += sentences
    dropped += division.dropped
    new: list[Article] = []
    for article in unlabelled.values():
        if (first := first_of[article.id]) in labelled_ids:
            reason = "is labelled by hand already, or nearly the same as what is"
            dropped.append(_drop(article, f"{reason}: {labelled[first].source}"))
        else:
            new.append(article)
    labeller = fit_labeller(
        targets,
        lexicon,
        combination=run.config.silver.combine,
        min_confidence=run.config.silver.min_confidence,
        gold=splits["train"],
        unlabelled=follow(new, unit=" articles", quiet=quiet),
    )
    silver: list[str] = []
    for article in follow(new, unit=" articles", quiet=quiet):
        sentences, unsettled = labeller.label(article, story=stories[article.id])
        if barred := division.why_not_train(sentences):
            dropped.append(_drop(article, barred))
        else:
            silver.append(article.id)
            splits["train"] += sentences
            dropped += unsettled
    return silver


def _read_articles(
    paths: list[str], data: DataConfig, dropped: list[Dropped], *, quiet: bool
) -> dict[str, Article]:
    from model.archive.read import read_records
    from model.records import Dropped

    found: dict[str, Article] = {}
    records = read_records(paths, outlet=data.outlet, columns=data.columns) if paths else ()
    for record in follow(records, unit=" articles", quiet=quiet):
        if isinstance(record, Dropped):
            dropped.append(record)
        elif record.id in found:
            dropped.append(_drop(record, f"has the id of {found[record.id].source}"))
        else:
            found[record.id] = record
    return found


def _drop(article: Article, reason: str) -> Dropped:
    from model.records import Dropped

    return Dropped(article.source, reason)


def _add_public(run: Run, splits: Splits, dropped: list[Dropped]) -> None:
    """Add the sets of other hands; one that brings a test split keeps it, others are divided."""
    from train.data.public import read_public
    from train.data.split import split

    settings = run.config.split
    tasks = {task.name: task for task in run.config.task_list}
    for name, dataset in run.config.datasets.items():
        found = read_public(
            dataset.format,
            expand_path(dataset.path),
            name=name,
            task=tasks[dataset.task],
            division=dataset.division,
        )
        dropped += found.dropped
        test = found.splits.get("test", [])
        rest = found.splits.get("all") or found.splits["train"]
        division = split(
            rest,
            by="story",
            validation=settings.validation,
            test=0.0 if test else settings.test,
            seed=settings.seed,
        )
        for part, sentences in division.splits.items():
            splits[part] += sentences
        splits["test"] += test


if __name__ == "__main__":
    run_app(app)
