"""DOOR: from a checkpoint and labelled sentences to a scorecard, beside the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.console import Overrides, Quiet, follow, hush_libraries, new_app, run_app, say
from model.errors import NabraError
from train.config import Run, read_run

if TYPE_CHECKING:
    from train.score.ceiling import Ceiling
    from train.score.end_to_end import EndToEnd
    from train.score.outputs import SystemOutput
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
        list[str], typer.Argument(help="A run's config, or checkpoints with --data and --output.")
    ],
    data: Annotated[
        Path | None, typer.Option(help="Labelled sentences (.jsonl) to score checkpoints on.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for the scorecard.")] = None,
    overrides: Overrides = None,
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
    """Score a run, or checkpoints side by side on labelled data: scorecard.json, .md and .html."""
    is_config = len(subjects) == 1 and not Path(subjects[0]).is_dir()
    is_more = worlds or behaviour
    if data is not None and output is not None and not is_more:
        evaluate_checkpoints(subjects, data, output, annotators=annotators or (), quiet=quiet)
    elif data is None and output is None and is_config:
        run = read_run(subjects[0], overrides or ())
        evaluate_run(
            run, worlds=worlds, behaviour=behaviour, annotators=annotators or (), quiet=quiet
        )
    else:
        raise typer.BadParameter("give one CONFIG, or CHECKPOINT… with --data FILE --output DIR")


def evaluate_run(
    run: Run,
    *,
    worlds: bool = False,
    behaviour: bool = False,
    annotators: Sequence[Path] = (),
    quiet: bool,
) -> None:
    """Score the run's checkpoint on its test split; over folds too where that holds few stories.

    `worlds`: over folds of all gold, and of what no training has seen, in any case. `behaviour`:
    on cases made from all gold. `annotators`: files, or folders of files, of one annotator each.
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
    from train.readings import read_own_tasks
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
    readings = read_own_tasks(
        run, splits, outputs, notes, worlds=worlds, watch=partial(follow, quiet=quiet)
    )
    own = [sentence for sentence in test if sentence.dataset is None]
    notes += [LEXICON_NOTE] if readings else []
    notes += [
        OFFICIAL_NOTE.format(name)
        for name, dataset in run.config.datasets.items()
        if dataset.division == "official"
    ]
    ceiling = _read_ceiling(annotators, notes)
    probe = probe_run(run, splits, classifier, notes) if readings and worlds else None
    scorecard = Scorecard(
        dataset=DatasetFacts(
            hash=hash_sentences([s for split in splits.values() for s in split]),
            splits=tuple(count_split(name, held) for name, held in splits.items()),
        ),
        checkpoints={MODEL: checkpoint_hash(run.checkpoint_dir)},
        readings=tuple(readings),
        notes=tuple(notes),
        tasks=tasks,
        end_to_end=score_bare(MODEL, classifier, own) if readings else {},
        behaviour=judge_run(run, splits, classifier) if readings and behaviour else None,
        reliability=measure_reliability(classifier, test),
        outlets=probe,
        ceiling=ceiling,
    )
    write_scores(run.checkpoint_dir, {**_main_scores(readings), "tasks": scores_record(tasks)})
    _write(scorecard, run.dir, quiet=quiet)


def evaluate_checkpoints(
    checkpoints: Sequence[str],
    data: Path,
    output: Path,
    *,
    annotators: Sequence[Path] = (),
    quiet: bool,
) -> None:
    """Score checkpoints side by side on a labelled file; the first is compared with the others.

    Where there are several, the scorecard's tasks go by `TASK (CHECKPOINT)`.
    """
    hush_libraries()
    from model.net.checkpoint import checkpoint_hash
    from model.net.classifier import load
    from model.tasks import DEFAULT_TASKS
    from train.data.annotations import read_annotations
    from train.facets import make_facets
    from train.fit.checkpoints import hash_sentences
    from train.judging import label_gold, score_bare
    from train.score.reading import build_reading
    from train.score.scorecard import DatasetFacts, Scorecard, count_split
    from train.score.tasks import TaskScores, labelled_tasks, score_tasks

    gold = read_annotations(data)
    own = [number for number, sentence in enumerate(gold) if sentence.tasks is None]
    read: dict[str, list[SystemOutput]] = {}
    end_to_end: dict[str, EndToEnd] = {}
    facets = None
    tasks: dict[str, TaskScores] = {}
    notes: list[str] = []
    for path in dict.fromkeys(checkpoints):
        classifier = load(path)
        known = classifier.checkpoint.network.tasks
        outputs = label_gold(classifier, gold)
        for task, scores in score_tasks(gold, outputs, known).items():
            tasks[task if len(checkpoints) == 1 else f"{task} ({path})"] = scores
        if own and set(DEFAULT_TASKS) <= set(known):
            read[path] = [outputs[number] for number in own]
            end_to_end |= score_bare(path, classifier, [gold[number] for number in own])
            facets = facets or make_facets(classifier.checkpoint.targets.targets)
    if not tasks:
        asked = sorted({task for sentence in gold for task in labelled_tasks(sentence)})
        what = f"has labels for {', '.join(asked) or 'nothing'}, and no checkpoint has that task"
        raise NabraError(data, what, "give a file that is labelled for the checkpoint's tasks")
    scorecard = Scorecard(
        dataset=DatasetFacts(hash=hash_sentences(gold), splits=(count_split(data.name, gold),)),
        checkpoints={path: checkpoint_hash(Path(path)) for path in dict.fromkeys(checkpoints)},
        readings=(build_reading("test", [gold[n] for n in own], read, facets=facets),)
        if read
        else (),
        tasks=tasks,
        end_to_end=end_to_end,
        ceiling=_read_ceiling(annotators, notes),
        notes=tuple(notes),
    )
    _write(scorecard, output, quiet=quiet)


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
    say(f"scorecard: {folder / 'scorecard.html'}", quiet=quiet)


if __name__ == "__main__":
    run_app(app)
