"""Minimum functionality and symmetry from templates: short clear cases for every target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import cast

from model.records import LOADED_CATEGORIES, Connotation, LabelledSentence
from model.text.lexicon import Lexicon
from model.text.listing import read_entries
from train.behaviour.collect import Collector
from train.behaviour.edits import as_article
from train.behaviour.names import Name, NameBook
from train.data.inline import parse_sentence
from train.score.behaviour.cases import Case, Expectation

TEMPLATES = Path(__file__).with_name("templates.yaml")
_SLOT = re.compile(r"\{(|pejorative|laudatory)\}")
_FIRST = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")
_SECOND = re.compile(r"\(([^()|]*)\|([^()|]*)\)")
_LOADED_MARK = re.compile(r"<(label|emotive|doubt|scare|praise|euphemism)>")
# What a sentence of a symmetry test may not hold: a loaded name, which is one side's alone.
_SIDES_TESTS = {"stance none", "stance against", "stance favor"}


@dataclass(frozen=True, slots=True)
class Template:
    """One entry of the file; `kinds` is empty where it can be said of any actor."""

    id: str
    test: str
    text: str
    stances: Mapping[str, str]
    kinds: frozenset[str]

    @property
    def slots(self) -> list[str]:
        """The kinds of name that it takes, in order: "", pejorative or laudatory."""
        return _SLOT.findall(self.text)


def read_templates(path: Path = TEMPLATES) -> list[Template]:
    """InputError names the entry that is wrong."""
    required = {"id": str, "test": str, "text": str, "stances": dict}
    return [
        Template(
            id=entry["id"],
            test=entry["test"],
            text=entry["text"],
            stances=entry["stances"],
            kinds=frozenset(entry.get("kinds", ())),
        )
        for _, entry in read_entries(path, required, {"kinds": list})
    ]


def fill(template: Template, names: list[Name], lexicon: Lexicon) -> LabelledSentence:
    """The template about one target, a name for each slot. RecordError where marks are wrong."""
    target = names[0].target
    text = template.text.replace("{plain}", names[0].text)
    for name, pattern in zip(names, (_FIRST, _SECOND), strict=False):
        text = pattern.sub(r"\2" if name.form.agreement == "f" else r"\1", text)
    text = _LOADED_MARK.sub(rf'<\1 t="{target}">', text)
    waiting = iter(names)
    text = _SLOT.sub(lambda match: _marked(next(waiting)), text)
    stances = {f"{target} {holder}": label for holder, label in template.stances.items()}
    sentence = parse_sentence(f"template {template.id}", text, stances, lexicon.name_term)
    return as_article(sentence)


def add_templates(book: NameBook, lexicon: Lexicon, into: Collector) -> None:
    """Minimum functionality for every template and target, symmetry for the sides of conflicts."""
    for template in read_templates():
        filled: dict[str, LabelledSentence] = {}
        for target in book.targets.values():
            for names in _names(book, template, target.id, into):
                sentence = fill(template, names, lexicon)
                filled.setdefault(target.id, sentence)
                into.add(
                    Case(
                        test=template.test,
                        kind="minimum",
                        source=f"template {template.id}",
                        conflict=target.conflict,
                        target=target.id,
                        before=None,
                        after=sentence,
                        expected=_expect(sentence),
                    )
                )
        if template.test in _SIDES_TESTS:
            _add_sides(book, template, filled, into)


def _add_sides(
    book: NameBook, template: Template, filled: Mapping[str, LabelledSentence], into: Collector
) -> None:
    for one, other in combinations(filled, 2):
        mine, theirs = book.targets[one], book.targets[other]
        if mine.conflict == theirs.conflict and mine.side != theirs.side:
            into.add(
                Case(
                    test=f"sides in a template, {template.test}",
                    kind="symmetry",
                    source=f"template {template.id}",
                    conflict=mine.conflict,
                    target=one,
                    before=filled[one],
                    after=filled[other],
                    other=other,
                )
            )


def _names(
    book: NameBook, template: Template, target: str, into: Collector
) -> Iterator[list[Name]]:
    """Names for the slots: one case for each of up to two loaded names, or one with the neutral."""
    own = book.canonical(target)
    if own is None or own.form.agreement == "p":
        into.leave_out(template.test, "the target's own name is a plural or of unknown form")
        return
    slots = template.slots
    loaded = [slot for slot in slots if slot]
    if template.kinds and own.form.kind not in template.kinds:
        into.leave_out(template.test, "the template does not suit the kind of actor")
        return
    if not loaded:
        yield [own]
        return
    names = [
        name
        for name in book.names(target, cast(Connotation, loaded[0]))
        if name.form.agreement != "p" and name.form.is_definite and name.form.kind != "office"
    ]
    if not names:
        into.leave_out(template.test, f"the list holds no {loaded[0]} name whose form is known")
    for name in names[:2]:
        yield [name if slot else own for slot in slots]


def _marked(name: Name) -> str:
    if name.connotation == "neutral":
        return f'<m t="{name.target}">{name.text}</m>'
    mention = f'<m t="{name.target}" c="{name.connotation}">{name.text}</m>'
    return f'<label t="{name.target}">{mention}</label>'


def _expect(sentence: LabelledSentence) -> Expectation:
    """Every stance of the sentence, and every loaded term; where it has none, none."""
    whole = 0, len(sentence.text), tuple(str(c) for c in LOADED_CATEGORIES)
    return Expectation(
        stances=tuple((i, (str(s.label),)) for i, s in enumerate(sentence.stances)),
        found=tuple((t.start, t.end, (str(t.category),)) for t in sentence.loaded_terms),
        absent=() if sentence.loaded_terms else (whole,),
    )
