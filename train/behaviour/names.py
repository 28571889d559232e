"""The names of every target by form, and how one is put in another's place in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.records import Connotation, LabelledSentence, Mention, Stance
from model.text.aliases import Alias, Target, read_names
from model.text.lexicon import Lexicon
from model.text.organs import name_organs, name_organs_of
from model.text.words import spelling_key
from train.behaviour.edits import as_article, edit_sentence
from train.behaviour.forms import Form, form_of
from train.score.behaviour.cases import Edit

_PREFIXES = ("", "و", "ف", "ب", "ل", "ك", "وب", "ول", "وك", "فب", "فل")
# Organs that every state has, of those that the list makes of an adjective.
_PLAIN_ORGANS = ("الجيش", "القوات", "القوات المسلحة", "الحكومة", "السلطات", "النظام")
_SAME_ORGANS = ({"القوات", "القوات المسلحة"}, {"الحكومة", "السلطات"})
_MARKER = "الحرس الوطني ال"  # only a state's adjective makes this name
# Offices and agencies of one state are not each other; one name has to hold the other.
_APART = {"ministry", "office", "court", "intelligence"}
_DEMONSTRATIVE = re.compile(
    r"(?<!\w)[وفبلك]?(?:هذه|هذا|هؤلاء|تلك|ذلك|ذاك|نفس|ذات|كلتا|كلا|أيتها|أيها)\s+$"
)
_BEFORE_PLACE = re.compile(
    r"(?:^|[،:.؛(«\"“]\s*|(?<!\w)[وف]?(?:مع|بين|على|عن|إلى|من|ضد|نحو|تجاه|لدى|أن|إن|أنّ|إنّ|لكن|بأن)\s+"
    r"|(?<!\w)[وف]?(?:[تن]\w{2,}|\w{2,}ت)\s+)$"
)
_OPENING = "«\"“(‘'"
_CLOSING = "»\"”)’'"
_DEFINITE_NEXT = re.compile(r"\s+ال(?!ذي|تي|لذ|لت|ى)\w")


@dataclass(frozen=True, slots=True)
class Name:
    """A listed name of a target. `is_made`: it follows from a state's adjective or place."""

    text: str
    target: str
    connotation: Connotation
    form: Form
    is_made: bool
    is_state: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A mention whose name is known: what is written before the name, and the name."""

    stance: int
    mention: Mention
    prefix: str
    name: Name


class NameBook:
    """The targets and their names."""

    def __init__(self, targets: Mapping[str, Target], aliases: Mapping[str, Alias]) -> None:
        self.targets = targets
        self.adjectives = _adjectives(aliases)
        self.places: dict[str, list[str]] = {target: [] for target in targets}
        made = _made(aliases, self.adjectives)
        self._known: dict[tuple[str, str], Name] = {}
        self._free: dict[str, list[Name]] = {target: [] for target in targets}
        for text, alias in aliases.items():
            if alias.is_place:
                for target in alias.targets:
                    self.places[target].append(text)
            form = form_of(text, is_place=alias.is_place, is_head=alias.is_head)
            if form is None:
                continue
            for target in alias.targets:
                is_state = bool(self.adjectives.get(target))
                name = Name(text, target, alias.connotation, form, text in made, is_state)
                self._known.setdefault((target, spelling_key(text)), name)
                if not alias.needs_context and (text not in made or _is_plain(text)):
                    self._free[target].append(name)

    @classmethod
    def read(cls, path: Path) -> NameBook:
        """InputError names the entry of the list of targets that is wrong."""
        return cls(*read_names(path))

    def locate(self, number: int, stance: Stance, mention: Mention) -> Place | None:
        """The name inside a mention; None where it is not listed or its form is not known."""
        for prefix in _PREFIXES:
            if not mention.text.startswith(prefix):
                continue
            rest = mention.text[len(prefix) :]
            spellings = [rest]
            if prefix.endswith("ل") and rest.startswith("ل"):
                spellings.append(f"ا{rest}")
            for spelling in spellings:
                name = self._known.get((stance.target, spelling_key(spelling)))
                if name is not None:
                    return Place(number, mention, prefix, name)
        return None

    def names(self, target: str, connotation: Connotation) -> list[Name]:
        """The names of a target that stand for it alone, in the order of the list."""
        return [name for name in self._free[target] if name.connotation == connotation]

    def canonical(self, target: str) -> Name | None:
        """The name by which the list calls a target, where its form is known."""
        return self._known.get((target, spelling_key(self.targets[target].name)))

    def opponents(self, target: str) -> Iterator[Target]:
        """The other sides of a target's conflict."""
        own = self.targets[target]
        for other in self.targets.values():
            if other.conflict == own.conflict and other.side != own.side:
                yield other


def attach(prefix: str, name: str) -> str:
    """A name behind what is written together with it: ل and اليونيفيل give لليونيفيل."""
    if prefix.endswith("ل") and name.startswith("ال"):
        return prefix + name[1:]
    return prefix + name


def are_alike(old: Name, new: Name) -> bool:
    """Whether two names of one target mean the same and agree alike."""
    if old.form != new.form or spelling_key(old.text) == spelling_key(new.text):
        return False
    if " في " in f" {new.text} ":  # a branch, or one that says where: another scope
        return False
    ours, theirs = set(spelling_key(old.text).split()), set(spelling_key(new.text).split())
    if old.is_made or new.is_made:
        organs = {_organ(old.text), _organ(new.text)}
        return any(organs <= same for same in _SAME_ORGANS)
    if old.form.kind == "person":
        return ours < theirs or theirs < ours
    if old.form.kind in _APART or (old.form.kind == "force" and old.is_state):
        return ours < theirs or theirs < ours
    return True


def fits(sentence: LabelledSentence, place: Place, new: Name) -> str | None:
    """Why a name cannot stand in a place of a sentence for what stands around it, or None."""
    before, after = sentence.text[: place.mention.start], sentence.text[place.mention.end :]
    if _DEMONSTRATIVE.search(before):
        return "a demonstrative stands before the name"
    head = spelling_key(new.text.split()[0]).removeprefix("ال")
    if before.split() and spelling_key(before.split()[-1]).endswith(head) and " " in new.text:
        return "the word before the name is its own first word"
    if before.endswith(tuple(_OPENING)) and after.startswith(tuple(_CLOSING)):
        return "the name stands alone in marks"
    if re.match(r"\s*[(]", after):
        return "a bracket explains the name"
    if "place" in (place.name.form.kind, new.form.kind) and not (
        place.prefix.strip("وف") or _BEFORE_PLACE.search(before)
    ):
        return "a country's name stands where it might be a place"
    if _is_beside(sentence, place):
        return "another name of the target stands beside it"
    if spelling_key(new.text) in spelling_key(sentence.text):
        return "the new name stands in the sentence"
    for term in sentence.loaded_terms:
        is_inside = term.start <= place.mention.start and place.mention.end <= term.end
        if term.start < place.mention.end and place.mention.start < term.end and not is_inside:
            return "a loaded term covers part of the name"
    return None


def takes_epithet(sentence: LabelledSentence, place: Place) -> bool:
    """Whether an adjective may follow a name without a doubt what it belongs to."""
    before, after = sentence.text[: place.mention.start], sentence.text[place.mention.end :]
    return not (
        before.endswith(tuple(_OPENING))
        or after.startswith(tuple(_CLOSING))
        or re.match(r"\s*[(«\"“]", after)
        or _DEFINITE_NEXT.match(after)
    )


def rename(
    sentence: LabelledSentence, changes: Sequence[tuple[Place, Name]], lexicon: Lexicon
) -> tuple[LabelledSentence, tuple[Edit, ...]] | None:
    """The sentence with names changed, their targets too; None where an edit crosses a border."""
    edits = tuple(
        Edit(p.mention.start, p.mention.end, attach(p.prefix, new.text))
        for p, new in sorted(changes, key=lambda change: change[0].mention.start)
    )
    pairs = sorted(((p.name.text, new.text) for p, new in changes), key=lambda p: -len(p[0]))
    given = {pair[0]: pair[1] for pair in pairs}
    pattern = re.compile("|".join(map(re.escape, given)) or r"(?!)")
    changed = edit_sentence(
        sentence, edits, name_of=lambda speaker: pattern.sub(lambda m: given[m[0]], speaker)
    )
    if changed is None:
        return None
    new_names = {(p.stance, p.mention): new for p, new in changes}
    targets = {p.name.target: new.target for p, new in changes}
    stances = []
    for number, (stance, moved) in enumerate(zip(sentence.stances, changed.stances, strict=True)):
        mentions = []
        for old, mention in zip(stance.mentions, moved.mentions, strict=True):
            new = new_names.get((number, old))
            if new is not None:
                term = lexicon.name_term(new.text)
                mention = replace(mention, term=term, connotation=new.connotation)
            mentions.append(mention)
        target = targets.get(stance.target, stance.target)
        stances.append(replace(moved, target=target, mentions=tuple(mentions)))
    terms = tuple(
        replace(term, target=targets.get(term.target, term.target)) if term.target else term
        for term in changed.loaded_terms
    )
    return as_article(replace(changed, stances=tuple(stances), loaded_terms=terms)), edits


def mentions_of(sentence: LabelledSentence, target: str) -> list[tuple[int, Stance, Mention]]:
    """Every mention of a target, in whosever words, with the number of its stance."""
    return [
        (number, stance, mention)
        for number, stance in enumerate(sentence.stances)
        if stance.target == target
        for mention in stance.mentions
    ]


def _is_beside(sentence: LabelledSentence, place: Place) -> bool:
    target = sentence.stances[place.stance].target
    for _, _, other in mentions_of(sentence, target):
        if other != place.mention:
            left, right = sorted((other, place.mention), key=lambda mention: mention.start)
            if not sentence.text[left.end : right.start].strip(' ،«»"“”'):
                return True
    return False


def _organ(text: str) -> str:
    return text.rsplit(" ", 1)[0]


def _is_plain(text: str) -> bool:
    return _organ(text) in _PLAIN_ORGANS


def _adjectives(aliases: Mapping[str, Alias]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text, alias in aliases.items():
        if text.startswith(_MARKER) and len(alias.targets) == 1:
            found.setdefault(alias.targets[0], []).append(text.removeprefix(_MARKER))
    return found


def _made(aliases: Mapping[str, Alias], adjectives: Mapping[str, Sequence[str]]) -> set[str]:
    made = {
        name
        for listed in adjectives.values()
        for adjective in listed
        for name, _ in name_organs(adjective)
    }
    for text, alias in aliases.items():
        if alias.is_place and any(adjectives.get(target) for target in alias.targets):
            made |= {name for name, _ in name_organs_of(text)}
    return made
