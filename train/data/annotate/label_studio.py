"""Label Studio: a labelling configuration and tasks with predictions out, its JSON export back.

A voice, a mention and a loaded term are regions with one label each: the kind of voice, what the
name connotes, the category. What else is said of a region are its own choices and text fields. An
annotator changes a stance on the one mention of its holder that carries it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from model.archive.write import write_json, write_text
from model.errors import RecordError
from model.records import CONNOTATIONS, LOADED_CATEGORIES, STANCE_LABELS, Dropped, LabelledSentence
from train.data.annotate.files import read_files
from train.data.annotate.marks import KEYS, VOICE_KINDS, WEAK, Layer, Mark, marks_of
from train.data.annotate.tasks import (
    SENT_FIELD,
    Answer,
    describe_place,
    pack,
    parse_json,
    take,
    targets_named,
)

_LABELS: dict[Layer, tuple[str, Sequence[str]]] = {
    "voice": ("kind", VOICE_KINDS),
    "mention": ("connotation", CONNOTATIONS),
    "term": ("category", LOADED_CATEGORIES),
}
"""For each layer the key that is the region's label, and the labels that there are."""

_CHOICES = ("target", "stance", "weak")
_TEXTS = ("speaker", "cue", "group")
_COLOURS = {
    "direct": "#9ec5fe", "reported": "#cfe2ff",
    "neutral": "#d3d3d3", "pejorative": "#f1aeb5", "laudatory": "#a3cfbb",
    "label": "#e35d6a", "emotive": "#fd9843", "doubt": "#ffcd39",
    "scare_quotes": "#a98eda", "praise": "#479f76", "euphemism": "#3dd5f3",
}  # fmt: skip
_RTL = "direction: rtl; text-align: right; font-size: 1.4em; line-height: 2.4"


def write_tasks(
    folder: Path, sentences: Sequence[LabelledSentence], targets: Mapping[str, str]
) -> list[Path]:
    """`config.xml` and `tasks.json` in the folder; `targets` gives each target's id its name."""
    config, tasks = folder / "config.xml", folder / "tasks.json"
    names = {target: target for target in sorted(targets_named(sentences))} | dict(targets)
    write_text(config, make_config(names))
    write_json(tasks, [make_task(sentence) for sentence in sentences])
    return [config, tasks]


def make_config(targets: Mapping[str, str]) -> str:
    """The labelling configuration, right to left; only the fields of the chosen region show."""
    view = ET.Element("View")
    ET.SubElement(view, "Header", value="$where")
    for layer, (_, labels) in _LABELS.items():
        control = ET.SubElement(view, "Labels", name=layer, toName="text", showInline="true")
        for label in labels:
            ET.SubElement(control, "Label", value=label, background=_COLOURS[label])
    body = ET.SubElement(view, "View", style=_RTL, dir="rtl")
    ET.SubElement(body, "Text", name="text", value="$text", saveTextResult="yes")
    names, categories = ",".join(CONNOTATIONS), ",".join(LOADED_CATEGORIES)
    listed = [(target, name) for target, name in targets.items()]
    _choices(view, "target", f"{names},{categories}", listed, layout="select")
    _choices(view, "stance", names, [(label, label) for label in STANCE_LABELS], layout="inline")
    _choices(view, "weak", categories, [(WEAK, "routine partisan word")], choice="multiple")
    _text(view, "group", categories, "number shared by the parts of one name")
    _text(view, "speaker", ",".join(VOICE_KINDS), "speaker")
    _text(view, "cue", ",".join(VOICE_KINDS), "cue")
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"


def _field(view: ET.Element, labels: str) -> ET.Element:
    return ET.SubElement(view, "View", {"visibleWhen": "region-selected", "whenLabelValue": labels})


def _choices(
    view: ET.Element, name: str, labels: str, options: Sequence[tuple[str, str]], **more: str
) -> None:
    field = _field(view, labels)
    ET.SubElement(field, "Header", value=name, size="5")
    given = {"name": name, "toName": "text", "perRegion": "true", **more}
    control = ET.SubElement(field, "Choices", given)
    for value, hint in options:
        ET.SubElement(control, "Choice", value=value, hint=hint)


def _text(view: ET.Element, name: str, labels: str, hint: str) -> None:
    ET.SubElement(
        _field(view, labels),
        "TextArea",
        name=name,
        toName="text",
        perRegion="true",
        maxSubmissions="1",
        editable="true",
        placeholder=hint,
    )


def make_task(sentence: LabelledSentence) -> dict[str, Any]:
    """One task: the text, the sentence as it was sent, and its labels as a prediction."""
    result = [
        item
        for number, mark in enumerate(marks_of(sentence))
        for item in _results(f"{mark.layer}-{number}", mark)
    ]
    data = {"text": sentence.text, "where": describe_place(sentence), SENT_FIELD: pack(sentence)}
    return {"data": data, "predictions": [{"model_version": SENT_FIELD, "result": result}]}


def _results(region: str, mark: Mark) -> Iterator[dict[str, Any]]:
    """The items that Label Studio keeps of one region: they share its id."""
    label_key, _ = _LABELS[mark.layer]
    place = {"start": mark.start, "end": mark.end}

    def item(name: str, kind: str, **value: object) -> dict[str, Any]:
        base = {"id": region, "from_name": name, "to_name": "text", "type": kind}
        return base | {"value": place | value}

    yield item(mark.layer, "labels", text=mark.quote, labels=[mark.values[label_key]])
    for key, said in mark.values.items():
        if said and key in _CHOICES:
            yield item(key, "choices", text=mark.quote, choices=[said])
        elif said and key in _TEXTS:
            yield item(key, "textarea", text=[said])


def read_answers(paths: Iterable[Path]) -> Iterator[Answer | Dropped]:
    """Every annotation of the exported JSON files; a Dropped for what is none."""
    for file in read_files(paths, (".json",)):
        if isinstance(file, Dropped):
            yield file
            continue
        name, content = file
        try:
            tasks = parse_json(content)
            if not isinstance(tasks, list):
                raise RecordError("JSON", "is no list of tasks: export as JSON")
        except RecordError as error:
            yield Dropped(name, str(error))
            continue
        for number, task in enumerate(tasks, start=1):
            yield from _read_task(f"{name}: task {number}", task)


def _read_task(where: str, task: Any) -> Iterator[Answer | Dropped]:
    try:
        data = take(task, "data", dict)
        text, sent = take(data, "text", str), take(data, SENT_FIELD, str)
        annotations = take(task, "annotations", list)
    except RecordError as error:
        yield Dropped(where, str(error))
        return
    if not annotations:
        yield Dropped(where, "nobody has labelled it", excerpt=text[:80])
    for annotation in annotations:
        try:
            annotator = _annotator(annotation)
            if annotation.get("was_cancelled"):
                yield Dropped(where, f"was skipped by {annotator}", excerpt=text[:80])
                continue
            marks = tuple(_marks(take(annotation, "result", list)))
        except RecordError as error:
            yield Dropped(where, str(error), excerpt=text[:80])
            continue
        yield Answer(f"{where} by {annotator}", annotator, sent, text, marks)


def _annotator(annotation: Any) -> str:
    """The e-mail address, name or number under which Label Studio knows who annotated."""
    if not isinstance(annotation, dict):
        raise RecordError("annotation", "is no object")
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("email") or who.get("username") or who.get("id")
    return str(who) if isinstance(who, str | int) else "annotator"


def _marks(result: Sequence[Any]) -> Iterator[Mark]:
    said: dict[str, dict[str, str]] = {}
    regions: list[tuple[str, Layer, str, Mapping[str, Any]]] = []
    for item in result:
        if isinstance(item, dict) and item.get("type") == "relation":
            continue  # none is asked for, and none is read
        region, name = take(item, "id", str), take(item, "from_name", str)
        value = take(item, "value", dict)
        layer = next((layer for layer in KEYS if layer == name), None)
        if layer is not None:
            regions += [(region, layer, label, value) for label in take(value, "labels", list)]
        elif name in (*_CHOICES, *_TEXTS):
            answers = take(value, "choices" if name in _CHOICES else "text", list)
            if len(answers) > 1 or not all(isinstance(answer, str) for answer in answers):
                raise RecordError(f"{name} of a region", f"has {len(answers)} answers")
            said.setdefault(region, {})[name] = answers[0] if answers else ""
    if orphans := sorted(set(said) - {region for region, *_ in regions}):
        raise RecordError("region", f"{orphans[0]} has {', '.join(said[orphans[0]])} but no label")
    for region, layer, label, spot in regions:
        label_key, _ = _LABELS[layer]
        given = said.get(region, {})
        values = {key: given.get(key, "") for key in KEYS[layer]} | {label_key: str(label)}
        quote = spot.get("text")
        yield Mark(
            layer,
            take(spot, "start", int),
            take(spot, "end", int),
            quote if isinstance(quote, str) and quote else None,
            values,
        )
