"""doccano: JSON lines with entities and relations, out and back.

A label says it all: `voice:direct`, `mention:TARGET` (`:pejorative`, `:laudatory`),
`term:CATEGORY` (`:weak`), and over a mention `stance:favor` (`:TARGET` where two targets share the
words). Relations: `of` from a term to a mention of whom it is said, `same name` between the parts
of a name.

doccano counts UTF-16 units, unless "count grapheme clusters" is on (leave it off), and shifts what
follows a CRLF: it is given a space for each carriage return.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from model.archive.write import write_json, write_text
from model.errors import RecordError
from model.records import (
    CONNOTATIONS,
    LOADED_CATEGORIES,
    STANCE_LABELS,
    Dropped,
    LabelledSentence,
    LoadedTerm,
)
from train.data.annotate.files import read_files
from train.data.annotate.marks import VOICE_KINDS, WEAK, Mark, marks_of
from train.data.annotate.places import Unit, utf16_offsets
from train.data.annotate.tasks import (
    SENT_FIELD,
    Answer,
    describe_place,
    pack,
    parse_json,
    take,
    targets_named,
    unpack,
)

_SAID_OF, _SAME_NAME = "of", "same name"
_LONGEST_LABEL = 100  # characters that doccano keeps of a label's name


def write_tasks(
    folder: Path, sentences: Sequence[LabelledSentence], targets: Mapping[str, str]
) -> list[Path]:
    """`tasks.jsonl`, and the labels to import beside those that the tasks name."""
    lines = [json.dumps(make_task(sentence), ensure_ascii=False) for sentence in sentences]
    tasks, spans, links = (
        folder / name for name in ("tasks.jsonl", "span_types.json", "relation_types.json")
    )
    write_text(tasks, "\n".join(lines) + "\n")
    names = sorted(targets_named(sentences) | set(targets))
    write_json(spans, [{"text": text, "backgroundColor": "#73D8FF"} for text in _labels(names)])
    write_json(links, [{"text": text} for text in (_SAID_OF, _SAME_NAME)])
    return [tasks, spans, links]


def _labels(targets: Sequence[str]) -> list[str]:
    return [
        *(f"voice:{kind}" for kind in VOICE_KINDS),
        *(f"stance:{label}" for label in STANCE_LABELS),
        *(f"term:{category}{more}" for category in LOADED_CATEGORIES for more in ("", f":{WEAK}")),
        *(_mention_label(target, kind) for target in targets for kind in CONNOTATIONS),
    ]


def _mention_label(target: str, connotation: str) -> str:
    return f"mention:{target}" + ("" if connotation == "neutral" else f":{connotation}")


def make_task(sentence: LabelledSentence) -> dict[str, Any]:
    """One line: text, entities, relations, and the sentence as it was sent."""
    offsets = utf16_offsets(sentence.text)
    marks = marks_of(sentence)
    entities: list[dict[str, Any]] = []

    def add(mark: Mark, label: str) -> int:
        if len(label) > _LONGEST_LABEL:
            raise RecordError(label[:40], "is too long a label for doccano", "shorten the target")
        start, end = offsets[mark.start or 0], offsets[mark.end or 0]
        number = len(entities)
        entities.append({"id": number, "label": label, "start_offset": start, "end_offset": end})
        return number

    mention_of: dict[str, int] = {}
    last_part: dict[str, int] = {}
    relations: list[dict[str, Any]] = []
    named = [mark for mark in marks if mark.layer == "mention"]
    for mark in marks:
        said = mark.values
        if mark.layer == "voice":
            add(mark, f"voice:{said['kind']}")
        elif mark.layer == "mention":
            number = add(mark, _mention_label(said["target"], said["connotation"]))
            mention_of.setdefault(said["target"], number)
            if said["stance"]:
                shared = sum((m.start, m.end) == (mark.start, mark.end) for m in named) > 1
                add(mark, f"stance:{said['stance']}" + (f":{said['target']}" if shared else ""))
        else:
            number = add(mark, f"term:{said['category']}" + (f":{WEAK}" if said["weak"] else ""))
            if said["target"] in mention_of:
                relations.append(_relation(number, mention_of[said["target"]], _SAID_OF))
            if (group := said["group"]) in last_part and group:
                relations.append(_relation(last_part[group], number, _SAME_NAME))
            last_part[group] = number
    return {
        "text": sentence.text.replace("\r", " "),
        "where": describe_place(sentence),
        SENT_FIELD: pack(sentence),
        "entities": entities,
        "relations": relations,
    }


def _relation(source: int, goal: int, kind: str) -> dict[str, Any]:
    return {"from_id": source, "to_id": goal, "type": kind}


def read_answers(
    paths: Iterable[Path], annotator: str | None = None, unit: Unit = "UTF-16"
) -> Iterator[Answer | Dropped]:
    """Every line of the exported files; without a name the annotator is the file's.

    A project that refuses overlapping spans loses most labels without a word: a Dropped for each
    file in which none overlap any more.
    """
    for file in read_files(paths, (".jsonl",)):
        if isinstance(file, Dropped):
            yield file
            continue
        name, content = file
        answers = list(_read_lines(name, content, annotator or Path(name).stem, unit))
        if _lost_overlaps([answer for answer in answers if isinstance(answer, Answer)]):
            reason = (
                "no spans overlap any more: allow overlapping spans in the project, import anew"
            )
            yield Dropped(name, reason)
            continue
        yield from answers


def _read_lines(
    name: str, content: bytes, annotator: str, unit: Unit
) -> Iterator[Answer | Dropped]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            task = parse_json(line)
            sent = take(task, SENT_FIELD, str)
            marks = tuple(_marks(task, unpack(sent), unit))
            yield Answer(where, annotator, sent, take(task, "text", str), marks, unit)
        except RecordError as error:
            yield Dropped(where, str(error), excerpt=line[:80].decode("utf-8", "replace"))


def _marks(task: Any, sent: LabelledSentence, unit: Unit) -> Iterator[Mark]:
    entities: dict[int, tuple[int, int, list[str]]] = {}
    stances: dict[tuple[int, int, str], str] = {}
    for entity in take(task, "entities", list):
        start, end = take(entity, "start_offset", int), take(entity, "end_offset", int)
        layer, _, rest = take(entity, "label", str).partition(":")
        if layer == "stance":
            label, _, target = rest.partition(":")
            if stances.setdefault((start, end, target), label) != label:
                raise RecordError(f"stance [{start}, {end})", "stands there twice, and differs")
        elif layer in ("voice", "mention", "term"):
            entities[take(entity, "id", int)] = (start, end, [layer, rest])
        else:
            raise RecordError(f"label {layer}:{rest}"[:60], "is none of nabra's")
    mentions = {
        number: (start, end, *_split_mention(rest))
        for number, (start, end, (layer, rest)) in entities.items()
        if layer == "mention"
    }
    for start, end, target in stances:
        if not any(
            (s, e) == (start, end) and target in ("", t) for s, e, t, _ in mentions.values()
        ):
            raise RecordError(f"stance [{start}, {end})", "stands on no mention")
    for start, end, target, connotation in mentions.values():
        stance = stances.get((start, end, target)) or stances.get((start, end, "")) or ""
        values = {"target": target, "connotation": connotation, "stance": stance}
        yield Mark("mention", start, end, None, values)
    for start, end, (layer, rest) in entities.values():
        if layer == "voice":
            yield Mark("voice", start, end, None, {"kind": rest})
    offsets = utf16_offsets(sent.text) if unit == "UTF-16" else range(len(sent.text) + 1)
    known: dict[tuple[int, int, str], LoadedTerm] = {
        (offsets[term.start], offsets[term.end], term.category): term for term in sent.loaded_terms
    }
    named = {number: target for number, (_, _, target, _) in mentions.items()}
    yield from _terms(task, entities, named, known)


def _split_mention(rest: str) -> tuple[str, str]:
    target, _, connotation = rest.rpartition(":")
    return (target, connotation) if target and connotation in CONNOTATIONS else (rest, "neutral")


def _terms(
    task: Any,
    entities: Mapping[int, tuple[int, int, list[str]]],
    mentions: Mapping[int, str],
    known: Mapping[tuple[int, int, str], LoadedTerm],
) -> Iterator[Mark]:
    """The terms with whom they are said of and the names that they are parts of.

    What no relation can say stays as it was sent: a target that is not named in the sentence, and
    a group of one.
    """
    said_of: dict[int, str] = {}
    part_of: dict[int, int] = {}
    for relation in take(task, "relations", list):
        ends = [take(relation, key, int) for key in ("from_id", "to_id")]
        kind = take(relation, "type", str)
        if kind == _SAID_OF:
            # Either way round: which end is which is plain.
            for term, mention in (ends, ends[::-1]):
                if mention in mentions:
                    said_of[term] = mentions[mention]
        elif kind == _SAME_NAME:
            first, second = (part_of.get(end, end) for end in ends)
            for number in (*part_of, *ends):
                if part_of.get(number, number) in (first, second):
                    part_of[number] = min(first, second)
    sizes: dict[int, int] = {}
    for sent_term in known.values():
        if sent_term.group is not None:
            sizes[sent_term.group] = sizes.get(sent_term.group, 0) + 1
    named = set(mentions.values())
    numbers = _group_numbers(part_of, entities, known)
    for number, (start, end, (layer, rest)) in entities.items():
        if layer != "term":
            continue
        category, _, weak = rest.partition(":")
        values = {"category": category, "weak": weak}
        before = known.get((start, end, category))
        if number in said_of or before is None or before.target in named:
            values["target"] = said_of.get(number, "")
        if number in part_of or before is None or sizes.get(before.group or 0) != 1:
            values["group"] = numbers.get(number, "")
        yield Mark("term", start, end, None, values)


def _group_numbers(
    part_of: Mapping[int, int],
    entities: Mapping[int, tuple[int, int, list[str]]],
    known: Mapping[tuple[int, int, str], LoadedTerm],
) -> dict[int, str]:
    """For each part of a name the number of its group: that which was sent, else a free one."""
    taken: dict[int, int] = {}
    for number in sorted(part_of):
        if number in entities:
            start, end, (_, rest) = entities[number]
            before = known.get((start, end, rest.partition(":")[0]))
            if (
                before is not None
                and before.group is not None
                and before.group not in taken.values()
            ):
                taken.setdefault(part_of[number], before.group)
    for root in sorted(set(part_of.values())):
        free = next(n for n in range(1, len(part_of) + len(taken) + 2) if n not in taken.values())
        taken.setdefault(root, free)
    return {number: str(taken[root]) for number, root in part_of.items()}


def _lost_overlaps(answers: Sequence[Answer]) -> bool:
    def overlaps(marks: Sequence[Mark]) -> bool:
        places = sorted((mark.start or 0, mark.end or 0) for mark in marks)
        return any(left[1] > right[0] for left, right in pairwise(places))

    sent = [replace(answer, marks=tuple(marks_of(unpack(answer.sent)))) for answer in answers]
    had = sum(overlaps(answer.marks) for answer in sent)
    has = any(overlaps(answer.marks) for answer in answers)
    return had > 0 and not has
