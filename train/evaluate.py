"""DOOR: from a checkpoint and labelled sentences to a scorecard, beside the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.console import Overrides, Quiet, follow, hush_libraries, new_app, run_app, say
from model.errors import NabraError
from train.config import Run, read_run
from train.given import AUTO

if TYPE_CHECKING:
    from train.score.ceiling import Ceiling
    from train.score.scorecard import Reading, Scorecard

app = new_app()
LEXICON_NOTE = (
    "The lexicon baseline looks terms up in the run's own lexicon. Where that was written beside "
    "the gold labels, as for the seeds, its scores are optimistic."
)
OFFICIAL_NOTE = (
    "{} is divided as its authors did: published figures can be compared, but its test split "
    "shares stories with training, and the scores say little of new text."
)


@app.command()
def evaluate(
    subjects: Annotated[
        list[str], typer.Argument(help="A run's config, or several configs or checkpoints.")
    ],
    compare: Annotated[
        bool, typer.Option("--compare", help="Several side by side; they always are.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled sentences (.jsonl), or a public set's download, to score on."),
    ] = None,
    format: Annotated[
        str,
        typer.Option(help="Of --data: auto, labelled, or a public set's: armpro, mawqif, …"),
    ] = AUTO,
    articles: Annotated[
        list[str] | None,
        typer.Option(help="The articles, where --data holds labels without their text."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="One half of such labels: dev or final.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for the scorecard.")] = None,
    overrides: Overrides = None,
    folds: Annotated[
        bool, typer.Option("--folds", help="Over folds of all gold, too, whatever the test split.")
    ] = False,
    worlds: Annotated[
        bool,
        typer.Option(
            "--worlds",
            help="Train anew without each outlet, target, conflict, and the last days; "
            "and probe whether the outlet can be told from the encoder's states.",
        ),
    ] = False,
    behaviour: Annotated[
        bool,
        typer.Option("--behaviour", help="Ask what must, and what must not, change it."),
    ] = False,
    annotators: Annotated[
        list[Path] | None,
        typer.Option(
            help="Labels of several annotators of the same sentences, to show what they score "
            "against each other: a file each, or a folder as nabra annotate import writes it."
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Score a run, or several side by side: scorecard.json, .md and .html."""
    subjects = list(dict.fromkeys(subjects))
    configs = [subject for subject in subjects if not Path(subject).is_dir()]
    is_one_run = len(subjects) == 1 and bool(configs) and data is None
    is_more = folds or worlds or behaviour
    if fault := _wrong_usage(subjects, configs, compare=compare, data=data, output=output):
        raise typer.BadParameter(fault)
    if is_more and not is_one_run:
        raise typer.BadParameter("--folds, --worlds and --behaviour are for one CONFIG alone")
    if format != AUTO and data is None:
        raise typer.BadParameter("--format says what --data is: name a file")
    if (articles or split) and data is None:
        raise typer.BadParameter("--articles and --split are for the labels in --data")
    if overrides and not configs:
        raise typer.BadParameter("--set changes a key of a CONFIG, and none is given")
    runs = {config: read_run(config, overrides or ()) for config in configs}
    if is_one_run:
        (run,) = runs.values()
        evaluate_run(
            run,
            folds=folds,
            worlds=worlds,
            behaviour=behaviour,
            annotators=annotators or (),
            quiet=quiet,
        )
    elif data is None:
        compare_runs(runs, output, quiet=quiet)
    else:
        assert output is not None, "wrong usage otherwise"
        paths = [str(runs[s].checkpoint_dir) if s in runs else s for s in subjects]
        evaluate_checkpoints(
            paths,
            data,
            output,
            format=format,
            articles=articles or (),
            split=split,
            run=runs.get(subjects[0]) if len(subjects) == 1 else None,
            annotators=annotators or (),
            quiet=quiet,
        )


def _wrong_usage(
    subjects: Sequence[str],
    configs: Sequence[str],
    *,
    compare: bool,
    data: Path | None,
    output: Path | None,
) -> str | None:
    """What is wrong with the subjects and what they are asked on."""
    if compare and len(subjects) == 1:
        return "--compare puts several side by side: give two configs or checkpoints, or more"
    if data is None and len(configs) < len(subjects):
        return "checkpoints are scored on a file: give --data FILE --output DIR, or CONFIGs alone"
    if data is None and len(subjects) == 1 and output is not None:
        return "the scorecard of one CONFIG goes to its run's folder: leave out --output"
    if data is not None and output is None:
        return "--data FILE needs --output DIR for the scorecard"
    return None


def evaluate_run(
    run: Run,
    *,
    folds: bool = False,
    worlds: bool = False,
    behaviour: bool = False,
    annotators: Sequence[Path] = (),
    quiet: bool,
) -> None:
    """Score the run's checkpoint on its test split; over folds too where that holds few stories.

    `folds`: over folds of all gold in any case. `worlds`: the run's own articles so, and over what
    no training has seen. `behaviour`: on cases made from all gold. `annotators`: files, or folders
    of files, of one annotator each.
    """
    hush_libraries()
    from model.net.checkpoint import checkpoint_hash
    from model.net.classifier import load
    from train.behaving import judge_run
    from train.calibrating import measure_reliability
    from train.contest import MODEL
    from train.data.dataset import read_dataset
    from train.fit.checkpoints import hash_sentences, write_scores
    from train.judging import label_gold, score_bare
    from train.probing import probe_run
    from train.readings import read_run_sets
    from train.score.leaks import find_leaks, leak_notes
    from train.score.scorecard import DatasetFacts, Scorecard, count_split
    from train.score.tasks import score_tasks, scores_record

    splits = read_dataset(run.dataset_dir)
    if not splits["test"]:
        raise NabraError(run.dataset_dir, "the test split is empty", "raise split.test")
    test = splits["test"]
    classifier = load(run.checkpoint_dir)
    outputs = label_gold(classifier, test)
    tasks = score_tasks(test, outputs, run.config.task_list)
    notes = leak_notes(find_leaks([*splits["train"], *splits["validation"]], test))
    read = read_run_sets(
        run, splits, outputs, folds=folds, worlds=worlds, watch=partial(follow, quiet=quiet)
    )
    own = [sentence for sentence in test if sentence.dataset is None]
    notes += [*read.notes, *([LEXICON_NOTE] if own and run.config.data else [])]
    notes += [
        OFFICIAL_NOTE.format(name)
        for name, dataset in run.config.datasets.items()
        if dataset.division == "official"
    ]
    ceiling = _read_ceiling(annotators, notes)
    probe = probe_run(run, splits, classifier, notes) if read.own and worlds else None
    scorecard = Scorecard(
        dataset=DatasetFacts(
            hash=hash_sentences([s for split in splits.values() for s in split]),
            splits=tuple(count_split(name, held) for name, held in splits.items()),
        ),
        checkpoints={MODEL: checkpoint_hash(run.checkpoint_dir)},
        readings=tuple(read.own),
        notes=tuple(notes),
        tasks=tasks,
        end_to_end=score_bare(MODEL, classifier, own) if read.own else {},
        behaviour=judge_run(run, splits, classifier) if read.own and behaviour else None,
        reliability=measure_reliability(classifier, test),
        outlets=probe,
        ceiling=ceiling,
        task_readings=tuple(read.others),
    )
    write_scores(run.checkpoint_dir, {**_main_scores(read.own), "tasks": scores_record(tasks)})
    _write(scorecard, run.dir, quiet=quiet)


def compare_runs(runs: Mapping[str, Run], output: Path | None, *, quiet: bool) -> None:
    """Put the runs' checkpoints side by side on the test split that they share."""
    hush_libraries()
    from train.given import Given
    from train.side_by_side import TEST, put_side_by_side, shared_test

    first = next(iter(runs.values()))
    scorecard = put_side_by_side(
        {name: run.checkpoint_dir for name, run in runs.items()},
        Given(shared_test(list(runs.values()))),
        place=TEST,
        source=str(first.dataset_dir),
        num_resamples=first.config.evaluation.resamples,
    )
    _write(scorecard, output or first.dir / "compared", quiet=quiet)


def evaluate_checkpoints(
    checkpoints: Sequence[str],
    data: Path,
    output: Path,
    *,
    format: str = AUTO,
    articles: Sequence[str] = (),
    split: str | None = None,
    run: Run | None = None,
    annotators: Sequence[Path] = (),
    quiet: bool,
) -> None:
    """Score checkpoints side by side on a labelled file; the first is compared with the others.

    `articles` are those that a file labels without their text, of which `split` takes one half. The
    baselines learn from the training split of the `run`, if there is one.
    """
    hush_libraries()
    from model.net.checkpoint import LEXICON
    from train.contest import MODEL, rivals_of
    from train.given import read_beside_articles, read_given
    from train.side_by_side import FILE, put_side_by_side, tasks_of

    found = {MODEL if run else name: Path(name) for name in checkpoints}
    tasks = tasks_of(found)
    if articles:
        given = read_beside_articles(data, articles, split, Path(checkpoints[0]) / LEXICON)
    else:
        given = read_given(data, format, tasks)
    scorecard = put_side_by_side(found, given, place=FILE, source=str(data), rivals=rivals_of(run))
    notes = list(scorecard.notes)
    ceiling = _read_ceiling(annotators, notes)
    _write(replace(scorecard, ceiling=ceiling, notes=tuple(notes)), output, quiet=quiet)


def _read_ceiling(annotators: Sequence[Path], notes: list[str]) -> Ceiling | None:
    """What annotators score against each other; None, with a note where any were given, for fewer
    than two of the same sentences."""
    from train.data.annotations import read_annotators
    from train.score.ceiling import measure_ceiling

    found = measure_ceiling(read_annotators(annotators))
    if annotators and found is None:
        notes.append("No ceiling is shown: no sentence was labelled by two annotators.")
    return found


def _main_scores(readings: Sequence[Reading]) -> dict[str, dict[str, float]]:
    """The model's own figures by reading, for the checkpoint's record."""
    from train.score.scorecard import MEASURES

    return {
        reading.name: {
            **{measure: round(reading.systems[0].value(measure), 4) for measure in MEASURES},
            "sentences": reading.num_sentences,
            "stories": reading.num_stories,
        }
        for reading in readings
    }


def _write(scorecard: Scorecard, folder: Path, *, quiet: bool) -> None:
    from model.archive.write import write_json, write_text
    from train.score.render import to_html, to_markdown, to_text

    write_json(folder / "scorecard.json", scorecard.to_dict())
    write_text(folder / "scorecard.md", to_markdown(scorecard))
    write_text(folder / "scorecard.html", to_html(scorecard))
    say(to_text(scorecard), quiet=quiet)
    for note in scorecard.notes:
        say(f"note: {note}", quiet=quiet)
    say(f"scorecard: {folder / 'scorecard.html'}", quiet=quiet)


if __name__ == "__main__":
    run_app(app)
