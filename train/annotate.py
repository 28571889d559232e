"""DOOR: sentences out to annotation tools, labels back, and how far annotators agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.console import Quiet, follow, hush_libraries, new_app, run_app, say
from model.errors import InputError, OutputError
from train.data.annotate.tools import NEXT_STEPS, Tool, write_tasks

if TYPE_CHECKING:
    from model.records import Article, Dropped, LabelledSentence
    from model.text.targets import TargetList
    from train.data.annotate.tasks import Answer

app = new_app(help="Label sentences in annotation tools: export, import, agreement.")


class By(StrEnum):
    """How sentences are picked."""

    UNCERTAINTY = "uncertainty"
    RANDOM = "random"


class Offsets(StrEnum):
    """What a tool counts."""

    UTF16 = "utf-16"
    CODE_POINTS = "code-points"


Targets = Annotated[Path, typer.Option(help="The list of targets.")]
Terms = Annotated[Path, typer.Option(help="The lexicon.")]
TARGETS, LEXICON = Path("seeds/targets.yaml"), Path("seeds/loaded_terms.yaml")
WhichTool = Annotated[Tool, typer.Option(help="The annotation tool.")]


@app.command(name="export")
def export(
    inputs: Annotated[
        list[str],
        typer.Argument(help="Articles, one annotations.jsonl, or one folder of predictions."),
    ],
    tool: WhichTool,
    output: Annotated[Path, typer.Option(help="Folder for the tool's files.")],
    pick: Annotated[int | None, typer.Option(min=1, help="How many sentences; else all.")] = None,
    by: Annotated[By, typer.Option(help="How --pick chooses.")] = By.RANDOM,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Pre-annotate by this model; --by uncertainty asks it.")
    ] = None,
    per_article: Annotated[
        int, typer.Option(min=1, help="How many --pick takes of an article, and of a story.")
    ] = 3,
    seed: Annotated[int, typer.Option(help="Of --by random.")] = 0,
    outlet: Annotated[str | None, typer.Option(help="For articles that name none.")] = None,
    targets: Targets = TARGETS,
    lexicon: Terms = LEXICON,
    overwrite: Annotated[bool, typer.Option(help="Replace what an earlier export left.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write sentences with draft labels as tasks of an annotation tool, right to left.

    Articles get their labels from the rules, or from the model of --checkpoint. --pick N --by
    uncertainty takes the sentences that the model is least sure of, a few of each article.
    """
    hush_libraries()
    from model.archive.write import write_json
    from model.text.targets import TargetList
    from train.data.annotate import pick as picking
    from train.data.annotate.tasks import holdable

    target_list = TargetList.read(targets)
    labelled, doubts, dropped = _gather(inputs, checkpoint, outlet, target_list, lexicon, quiet)
    num_all = len(labelled)
    if pick is not None and by is By.UNCERTAINTY:
        if doubts is None:
            raise typer.BadParameter("--by uncertainty needs --checkpoint, or predictions as input")
        labelled = picking.pick_uncertain(labelled, doubts, pick, per_article=per_article)
    elif pick is not None:
        labelled = picking.pick_random(labelled, pick, per_article=per_article, seed=seed)
    sentences, unholdable = holdable(labelled)
    dropped += unholdable
    if not sentences:
        raise InputError(", ".join(inputs), "holds no sentence to label", "check the inputs")
    if output.exists() and any(output.iterdir()) and not overwrite:
        raise OutputError(output, "is not empty", "choose another --output, or give --overwrite")
    names = {target.id: target.name for target in target_list.targets.values()}
    written = write_tasks(tool, output, sentences, names)
    say(f"{len(sentences)} of {num_all} sentences for {tool}: {NEXT_STEPS[tool]}", quiet=quiet)
    for path in written:
        say(f"{path}", quiet=quiet)
    if dropped:
        write_json(output / "dropped.json", [record.to_dict() for record in dropped])
        say(f"left out, with reasons: {output / 'dropped.json'} ({len(dropped)})", quiet=quiet)


def _gather(
    inputs: Sequence[str],
    checkpoint: Path | None,
    outlet: str | None,
    targets: TargetList,
    lexicon: Path,
    quiet: bool,
) -> tuple[list[LabelledSentence], list[float] | None, list[Dropped]]:
    """Sentences with draft labels, how unsure a model is of each, and what is no article."""
    from model.text.lexicon import Lexicon
    from train.data.annotate.pick import as_labelled, uncertainty
    from train.data.annotations import read_annotations

    single = Path(inputs[0])
    if len(inputs) == 1 and _is_annotations(single):
        if checkpoint is not None:
            raise InputError(single, "is labelled already", "give --checkpoint articles instead")
        return read_annotations(single), None, []
    if len(inputs) == 1 and (single / "predictions").is_dir():
        from model.archive.write import read_predictions

        predictions = list(read_predictions(single))
        labelled = [as_labelled(one, one.article_id) for one in predictions]
        return labelled, [uncertainty(one) for one in predictions], []
    articles, stories, dropped = _read_articles(inputs, outlet, quiet)
    if checkpoint is not None:
        from model.net.classifier import load

        classifier = load(checkpoint)
        found = follow(classifier.predict_stream(articles), unit=" sentences", quiet=quiet)
        predictions = list(found)
        labelled = [as_labelled(one, stories[one.article_id]) for one in predictions]
        return labelled, [uncertainty(one) for one in predictions], dropped
    from train.data.silver.label import label_article

    terms = Lexicon.read(lexicon)
    labelled = [
        sentence
        for article in articles
        for sentence in label_article(article, targets, terms, story=stories[article.id])
    ]
    return labelled, None, dropped


def _is_annotations(path: Path) -> bool:
    """Whether the first line of a file is a labelled sentence rather than an article."""
    import json

    if path.suffix != ".jsonl" or not path.is_file():
        return False
    with path.open("rb") as file:
        try:
            first = json.loads(file.readline())
        except (ValueError, RecursionError):
            return False
    return isinstance(first, dict) and "loaded_terms" in first


def _read_articles(
    inputs: Sequence[str], outlet: str | None, quiet: bool
) -> tuple[list[Article], dict[str, str], list[Dropped]]:
    """The articles, the story of each (its near-duplicates), and what is none."""
    from model.archive.read import read_records
    from model.records import Dropped
    from model.text.duplicates import find_near_duplicates

    articles: dict[str, Article] = {}
    dropped: list[Dropped] = []
    for record in follow(read_records(inputs, outlet=outlet), unit=" articles", quiet=quiet):
        if isinstance(record, Dropped):
            dropped.append(record)
        elif record.id in articles:
            dropped.append(Dropped(record.source, f"has the id of {articles[record.id].source}"))
        else:
            articles[record.id] = record
    stories = find_near_duplicates(
        (key, f"{article.headline}\n{article.text}") for key, article in articles.items()
    )
    return list(articles.values()), dict(stories), dropped


@app.command(name="import")
def import_labels(
    files: Annotated[list[Path], typer.Argument(help="What the tool exported: files or folders.")],
    tool: WhichTool,
    output: Annotated[Path, typer.Option(help="Folder for the annotations.")],
    annotator: Annotated[
        str | None, typer.Option(help="Who labelled, where the files do not say.")
    ] = None,
    articles: Annotated[
        list[str] | None, typer.Option(help="The articles, to check that they hold the sentences.")
    ] = None,
    offsets: Annotated[
        Offsets, typer.Option(help="What doccano counted; its export does not say.")
    ] = Offsets.UTF16,
    targets: Targets = TARGETS,
    lexicon: Terms = LEXICON,
    quiet: Quiet = False,
) -> None:
    """Read labels back, check every offset anew, and adjudicate several annotators into gold.

    Writes annotators/NAME.jsonl for each annotator, annotations.jsonl with what more than half of
    a sentence's annotators say, and dropped.json with what cannot be placed or finds no majority.
    """
    from model.archive.atomic import output_errors
    from model.archive.read import read_articles
    from model.archive.write import write_json
    from model.records import Dropped
    from model.text.lexicon import Lexicon
    from model.text.targets import TargetList
    from train.data.annotate.adjudicate import adjudicate
    from train.data.annotate.inception import safe_name
    from train.data.annotate.tasks import settle, task_id
    from train.data.annotations import match_articles, write_annotations

    terms, known = Lexicon.read(lexicon), set(TargetList.read(targets).targets)
    held = {article.id: article for article in read_articles(articles)} if articles else None
    found: dict[str, dict[str, LabelledSentence]] = {}
    dropped: list[Dropped] = []
    for answer in _answers(tool, files, annotator, offsets):
        if isinstance(answer, Dropped):
            dropped.append(answer)
            continue
        sentence = settle(answer, terms.name_term, known)
        if isinstance(sentence, Dropped):
            dropped.append(sentence)
            continue
        mine = found.setdefault(answer.annotator, {})
        if mine.setdefault(task_id(sentence), sentence) != sentence:
            reason = f"{answer.annotator} labelled it twice, and differently: the first counts"
            dropped.append(Dropped(answer.source, reason))
    labelled = {name: list(sentences.values()) for name, sentences in found.items()}
    if held is not None:
        for name, sentences in labelled.items():
            labelled[name], unmatched = match_articles(sentences, held)
            dropped += unmatched
    gold, ties = adjudicate(labelled)
    if not gold:
        first = f": {dropped[0].source}: {dropped[0].reason}" if dropped else ""
        raise InputError(", ".join(map(str, files)), f"holds no usable label{first}", "see --help")
    with output_errors(output):
        (output / "annotators").mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for name, sentences in labelled.items():
        path = output / "annotators" / f"{safe_name(name, taken)}.jsonl"
        write_annotations(path, sentences)
        say(f"{name}: {len(sentences)} sentences ({path})", quiet=quiet)
    write_annotations(output / "annotations.jsonl", gold)
    write_json(output / "dropped.json", [record.to_dict() for record in (*dropped, *ties)])
    say(f"{len(gold)} sentences: {output / 'annotations.jsonl'}", quiet=quiet)
    say(
        f"left out: {len(dropped)} answers, {len(ties)} labels without a majority, each with its "
        f"reason: {output / 'dropped.json'}",
        quiet=quiet,
    )


def _answers(
    tool: Tool, files: Sequence[Path], annotator: str | None, offsets: Offsets
) -> Iterator[Answer | Dropped]:
    from train.data.annotate import doccano, inception, label_studio, table

    match tool:
        case Tool.LABEL_STUDIO:
            return label_studio.read_answers(files)
        case Tool.DOCCANO:
            is_utf16 = offsets is Offsets.UTF16
            return doccano.read_answers(files, annotator, "UTF-16" if is_utf16 else "code points")
        case Tool.INCEPTION:
            return inception.read_answers(files, annotator)
        case Tool.CSV:
            return table.read_answers(files, annotator)


@app.command()
def agreement(
    files: Annotated[
        list[Path],
        typer.Argument(help="A file of annotations for each annotator, or a folder of them."),
    ],
    output: Annotated[Path | None, typer.Option(help="Where to write the figures as JSON.")] = None,
    quiet: Quiet = False,
) -> None:
    """Krippendorff's alpha for stances, and F1 of spans by category for each pair of annotators."""
    from dataclasses import asdict

    from model.archive.write import write_json
    from train.data.annotate.agreement import format_agreement, measure_agreement
    from train.data.annotations import read_annotators

    by_annotator = read_annotators(files)
    if len(by_annotator) < 2:
        raise InputError(files[0], "is one annotator's work", "give that of two or more")
    figures = measure_agreement(by_annotator)
    if not figures.sentences:
        raise InputError(files[0], "shares no sentence with another file", "label the same ones")
    say(format_agreement(figures), quiet=quiet)
    if output is not None:
        write_json(output, asdict(figures))
        say(f"figures: {output}", quiet=quiet)


if __name__ == "__main__":
    run_app(app)
