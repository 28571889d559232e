"""DOOR: how far an archive's shares can be trusted: a sample to code, then corrected shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from model.console import Quiet, follow, new_app, run_app, say
from model.errors import InputError, OutputError
from train.data.annotate.tools import NEXT_STEPS, Tool, write_tasks

if TYPE_CHECKING:
    from train.data.annotate.coded import Cell
    from train.data.annotate.draw import Plan
    from train.score.shares import CodedStratum

app = new_app()


class Subject(StrEnum):
    """What is audited."""

    STANCE = "stance"
    LOADED_TERMS = "loaded_terms"


PLAN = "plan.json"
RESULTS = ("audit.json", "audit.md", "audit.html")
LEAST_CODED = 0.5
"""With less of the sample coded than this, what is missing decides: no figures are given."""

FEW_MISSING = 0.05


@app.command()
def audit(
    directory: Annotated[Path, typer.Argument(help="A folder that nabra predict wrote.")],
    output: Annotated[
        Path | None, typer.Option(help="Folder for the tasks, or for the result (else the plan's).")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=10, help="First step: how many stances or sentences to draw.")
    ] = None,
    subject: Annotated[Subject, typer.Option("--for", help="What is audited.")] = Subject.STANCE,
    by: Annotated[
        str,
        typer.Option(help="Strata, with commas: label, outlet; target, holder or section."),
    ] = "label",
    least: Annotated[int, typer.Option(min=2, help="Units drawn of every stratum.")] = 10,
    tool: Annotated[Tool, typer.Option(help="The annotation tool.")] = Tool.CSV,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    show_labels: Annotated[
        bool, typer.Option("--show-labels", help="Show coders what was predicted.")
    ] = False,
    coded: Annotated[
        Path | None, typer.Option(help="Second step: the annotations.jsonl of the coded tasks.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="The plan.json of the first step.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace what an earlier audit left.")] = False,
    quiet: Quiet = False,
) -> None:
    """Draw a random sample of predictions to code, then give shares corrected by its coding.

    --sample N --output FOLDER draws it, strata by strata, and writes tasks for the tool: code them,
    and bring them back with nabra annotate import. --coded FILE --plan FOLDER/plan.json then gives
    each label's share in the whole archive, corrected for the classifier's errors. Coders do not
    see what was predicted, or they would lean to it and the errors would not show.
    """
    if (sample is None) == (coded is None):
        raise typer.BadParameter("give either --sample N, the first step, or --coded FILE")
    if sample is not None:
        if output is None:
            raise typer.BadParameter("--sample needs --output")
        if plan is not None:
            raise typer.BadParameter("--plan belongs to --coded")
        wanted = _Wanted(sample, subject.value, _traits(by, subject), least, seed, show_labels)
        _draw(directory, output, wanted, tool, overwrite=overwrite, quiet=quiet)
    elif coded is not None:
        if plan is None:
            raise typer.BadParameter("--coded needs --plan")
        _measure(directory, coded, plan, output, overwrite=overwrite, quiet=quiet)


def _traits(by: str, subject: Subject) -> list[str]:
    from train.data.annotate.draw import TRAITS

    traits = list(dict.fromkeys(name.strip() for name in by.split(",") if name.strip()))
    known = TRAITS[subject.value]
    if not traits or (wrong := [name for name in traits if name not in known]):
        given = ", ".join(wrong) if traits else by
        raise typer.BadParameter(f"--by {given!r}: of {subject} there are {', '.join(known)}")
    return traits


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The sample that was asked for."""

    num: int
    subject: Literal["stance", "loaded_terms"]
    by: list[str]
    least: int
    seed: int
    shown: bool


def _draw(
    directory: Path, output: Path, wanted: _Wanted, tool: Tool, *, overwrite: bool, quiet: bool
) -> None:
    import random

    from model.archive.atomic import output_errors
    from model.archive.manifest import read_manifest
    from model.archive.write import read_predictions, write_json
    from train.data.annotate.coded import to_code
    from train.data.annotate.draw import Digest, draw_sample, make_plan
    from train.data.annotate.tasks import holdable, task_id

    if output.exists() and any(output.iterdir()) and not overwrite:
        raise OutputError(output, "is not empty", "choose another --output, or give --overwrite")
    manifest = read_manifest(directory)
    digest = Digest()
    rows = follow(digest.follow(read_predictions(directory)), unit=" sentences", quiet=quiet)
    subject, by, seed, least = wanted.subject, wanted.by, wanted.seed, wanted.least
    drawn = draw_sample(rows, wanted.num, subject=subject, by=by, least=least, seed=seed)
    sentences, dropped = holdable(to_code(drawn, subject, shown=wanted.shown))
    exported = {task_id(one) for one in sentences}
    made = make_plan(
        drawn,
        exported.__contains__,
        subject=subject,
        by=by,
        seed=seed,
        least=least,
        shown=wanted.shown,
        digest=digest,
        checkpoint_hash=manifest.get("checkpoint_hash"),
    )
    # Strata one after the other would tell a coder what was predicted.
    sentences.sort(key=lambda one: (one.article_id, one.index))
    random.Random(f"{seed}: order of tasks").shuffle(sentences)
    with output_errors(output):
        for name in (*RESULTS, "dropped.json"):
            (output / name).unlink(missing_ok=True)  # of a sample that this one replaces
    written = write_tasks(tool, output, sentences, _names(manifest))
    write_json(output / PLAN, made.to_dict())
    say(
        f"{len(made.items)} of {made.num_units} units ({subject}) drawn from {len(made.strata)} "
        f"strata, {len(sentences)} sentences for {tool}: {NEXT_STEPS[tool]}",
        quiet=quiet,
    )
    for path in written:
        say(f"{path}", quiet=quiet)
    say(f"plan, which the second step needs: {output / PLAN}", quiet=quiet)
    if dropped:
        write_json(output / "dropped.json", [record.to_dict() for record in dropped])
        say(f"left out, with reasons: {output / 'dropped.json'} ({len(dropped)})", quiet=quiet)


def _measure(
    directory: Path,
    coded: Path,
    plan_path: Path,
    output: Path | None,
    *,
    overwrite: bool,
    quiet: bool,
) -> None:
    from dataclasses import asdict

    from model.archive.manifest import read_manifest
    from model.archive.write import read_predictions, write_json, write_text
    from train.data.annotate.coded import check_coded, collect, read_plan, read_ties
    from train.data.annotate.draw import LABELS
    from train.data.annotations import read_annotations
    from train.score.shares import measure_shares
    from train.score.shares_render import audit_html, audit_markdown, audit_text

    folder = output or plan_path.parent
    if not overwrite and (there := [name for name in RESULTS if (folder / name).exists()]):
        raise OutputError(
            folder / there[0], "is there already", "choose another --output, or give --overwrite"
        )
    plan = read_plan(plan_path)
    answers = read_annotations(coded)
    check_coded(coded, answers, plan)
    predictions = follow(read_predictions(directory), unit=" sentences", quiet=quiet)
    found = collect(predictions, plan, answers, read_ties(coded), directory)
    if found.num_coded < LEAST_CODED * found.num_drawn:
        raise InputError(
            coded,
            f"codes {found.num_coded} of the {found.num_drawn} units drawn",
            f"code {LEAST_CODED:.0%} of them or more, or draw a smaller sample",
        )
    result = measure_shares(
        plan.subject,
        LABELS[plan.subject],
        {group: _strata(cells) for group, cells in found.cells.items()},
        num_drawn=found.num_drawn,
        notes=_notes(plan, found.num_drawn - found.num_coded),
    )
    names = _names(read_manifest(directory))
    plain = asdict(result) | {"plan": {"digest": plan.digest, "seed": plan.seed, "by": plan.by}}
    write_json(folder / RESULTS[0], plain)
    write_text(folder / RESULTS[1], audit_markdown(result, names))
    write_text(folder / RESULTS[2], audit_html(result, names))
    say(audit_text(result), quiet=quiet)
    for name in RESULTS:
        say(f"{folder / name}", quiet=quiet)


def _names(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What the targets are called, by id, as the checkpoint knew them."""
    return {target["id"]: target["name"] for target in manifest.get("targets", ())}


def _strata(cells: Mapping[int, Cell]) -> list[CodedStratum]:
    """One group's cells as what the estimator reads."""
    import numpy as np

    from train.score.shares import CodedStratum

    return [
        CodedStratum(
            size=cell.size,
            hard=cell.hard / cell.size,
            soft=cell.soft / cell.size,
            predicted=np.array(cell.predicted).reshape(-1, len(cell.hard)),
            gold=np.array(cell.gold).reshape(-1, len(cell.hard)),
        )
        for _, cell in sorted(cells.items())
    ]


def _notes(plan: Plan, num_missing: int) -> list[str]:
    """What a reader of the figures has to mind."""
    notes = [f"Units were drawn one by one at random within strata by {', '.join(plan.by)}."]
    if plan.subject == "stance":
        notes.append(
            "The archive is that of the stances that prediction looked for: a mention that it did "
            "not find is in no share, and one that coders took away is absent."
        )
    if plan.shown:
        notes.append("Coders saw what was predicted: they may have leaned to it.")
    if num_missing:
        share = num_missing / len(plan.items)
        much = "; that is much, so take care" if share > FEW_MISSING else ""
        notes.append(
            f"{num_missing} drawn units ({share:.0%}) came back uncoded: the intervals assume that "
            f"they are missing at random within their stratum{much}."
        )
    return notes


if __name__ == "__main__":
    run_app(app)
