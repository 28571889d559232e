"""Cases in which an actor's name changes: another neutral one, a loaded one, another side's."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from model.records import Connotation, LabelledSentence, LoadedTerm, Mention, Stance, StanceLabel
from model.text.lexicon import Lexicon
from train.behaviour.collect import Collector
from train.behaviour.edits import as_article, edit_sentence
from train.behaviour.names import (
    Name,
    NameBook,
    Place,
    are_alike,
    fits,
    rename,
    takes_epithet,
)
from train.score.behaviour.cases import Case, Edit, Expectation

NEUTRAL_NAME = "another neutral name"
LOADED_NAME: dict[Connotation, str] = {
    "pejorative": "neutral name → pejorative",
    "laudatory": "neutral name → laudatory",
}
BARE_NAME: dict[Connotation, str] = {
    "pejorative": "pejorative name → neutral",
    "laudatory": "laudatory name → neutral",
}
EPITHET: dict[Connotation, str] = {
    "pejorative": "a pejorative epithet",
    "laudatory": "a laudatory epithet",
}
_MOVED: dict[Connotation, StanceLabel] = {"pejorative": "against", "laudatory": "favor"}
_FIGHT = re.compile(
    r"(?<!\w)[وفبل]?(?:ال)?(?:ضد|محارب|مكافح|ملاحق|قتال|هزيم|انتصار|حرب|خط[رو]|اتهم|تتهم|يتهم)"
)
_REPUBLIC = re.compile(r"(?:ال)?(?:جمهورية|مملكة)(?!\w)")  # a state's full name is no plain one
_LOADED = ("label", "praise", "emotive")
# Epithets that the lexicon lists, by connotation and kind of actor: masculine, feminine.
_EPITHETS: dict[Connotation, dict[str, tuple[tuple[str, str], ...]]] = {
    "pejorative": {
        "force": (("الإرهابي", "الإرهابية"),),
        "movement": (("الإرهابي", "الإرهابية"),),
        "place": (("المارق", "المارقة"), ("الإرهابي", "الإرهابية")),
    },
    "laudatory": {
        "force": (("الباسل", "الباسلة"), ("المظفر", "المظفرة")),
        "movement": (("الأبي", "الأبية"), ("الباسل", "الباسلة")),
        "place": (("الشقيق", "الشقيقة"),),
    },
}


class Renamer:
    """Makes the cases of one sentence after another."""

    def __init__(
        self, book: NameBook, lexicon: Lexicon, into: Collector, rng: random.Random
    ) -> None:
        self._book = book
        self._lexicon = lexicon
        self._into = into
        self._rng = rng

    def neutral_names(self, sentence: LabelledSentence) -> None:
        """Invariance: a neutral name gives way to another of the same target."""
        for place in self._places(sentence, "neutral", NEUTRAL_NAME):
            names = self._book.names(place.name.target, "neutral")
            alike = [name for name in names if are_alike(place.name, name)]
            new = self._pick(sentence, place, alike, NEUTRAL_NAME)
            if new is None:
                continue
            made = rename(sentence, [(place, new)], self._lexicon)
            self._add(sentence, place, made, NEUTRAL_NAME, "invariance")

    def loaded_names(self, sentence: LabelledSentence) -> None:
        """Direction: a neutral name that bears no stance gives way to a loaded one."""
        for connotation, test in LOADED_NAME.items():
            for place in self._own_words(sentence, "neutral", "none", test):
                if _is_fought(sentence, place, connotation):
                    self._into.leave_out(test, "the sentence speaks of fighting the target")
                    continue
                names = self._book.names(place.name.target, connotation)
                alike = [name for name in names if _may_load(place.name, name)]
                new = self._pick(sentence, place, alike, test)
                if new is None:
                    continue
                made = rename(sentence, [(place, new)], self._lexicon)
                if made is not None:
                    after = made[0]
                    mention = _mention_at(after.stances[place.stance], place.mention.start)
                    made = self._load(after, place, mention, connotation), made[1]
                self._add(sentence, place, made, test, "direction", connotation)

    def bare_names(self, sentence: LabelledSentence) -> None:
        """Direction: a loaded name, the only loaded word for its target, gives way to a neutral."""
        for connotation, test in BARE_NAME.items():
            for place in self._own_words(sentence, connotation, _MOVED[connotation], test):
                stance = sentence.stances[place.stance]
                inside = _touching(sentence, place.mention.start, place.mention.end)
                others = [t for t in sentence.loaded_terms if t not in inside]
                if len(stance.mentions) > 1 or any(
                    t.target in (None, stance.target) for t in others
                ):
                    self._into.leave_out(test, "other words may bear the stance")
                    continue
                names = self._book.names(place.name.target, "neutral")
                alike = [
                    name
                    for name in names
                    if _may_load(name, place.name) and not _REPUBLIC.match(name.text)
                ]
                bare = replace(
                    sentence,
                    loaded_terms=tuple(t for t in sentence.loaded_terms if t not in inside),
                )
                new = self._pick(bare, place, alike, test)
                if new is None:
                    continue
                made = rename(bare, [(place, new)], self._lexicon)
                if made is not None:
                    stances = list(made[0].stances)
                    stances[place.stance] = replace(stances[place.stance], label="none")
                    made = as_article(replace(made[0], stances=tuple(stances))), made[1]
                self._add(sentence, place, made, test, "direction", connotation, is_bare=True)

    def epithets(self, sentence: LabelledSentence) -> None:
        """Direction: a loaded adjective follows a neutral name that bears no stance."""
        for connotation, test in EPITHET.items():
            for place in self._own_words(sentence, "neutral", "none", test):
                form = place.name.form
                pairs = _EPITHETS[connotation].get(form.kind)
                if not pairs or form.agreement == "p" or not form.is_definite:
                    self._into.leave_out(test, "no epithet fits the kind of name")
                    continue
                reason = fits(sentence, place, replace(place.name, text="\0"))
                if not reason and not takes_epithet(sentence, place):
                    reason = "what follows could take the epithet"
                if reason is None and _is_fought(sentence, place, connotation):
                    reason = "the sentence speaks of fighting the target"
                if reason:
                    self._into.leave_out(test, reason)
                    continue
                epithet = self._rng.choice(pairs)[form.agreement == "f"]
                place_end = place.mention.end
                edit = Edit(place.mention.start, place_end, f"{place.mention.text} {epithet}")
                after = edit_sentence(sentence, [edit])
                made = None
                if after is not None:
                    grown = _mention_at(after.stances[place.stance], place.mention.start)
                    made = (
                        self._load(
                            after, place, grown, connotation, epithet=(place.mention, epithet)
                        ),
                        (edit,),
                    )
                self._add(sentence, place, made, test, "direction", connotation)

    def _places(
        self, sentence: LabelledSentence, connotation: Connotation, test: str
    ) -> list[Place]:
        """The mentions of one connotation whose names are known."""
        found = []
        for number, stance in enumerate(sentence.stances):
            for mention in stance.mentions:
                if mention.connotation != connotation:
                    continue
                if stance.target not in self._book.targets:
                    self._into.leave_out(test, "the list does not hold the target")
                    continue
                place = self._book.locate(number, stance, mention)
                if place is None or place.name.connotation != connotation:
                    self._into.leave_out(test, "the form of the name is not known")
                else:
                    found.append(place)
        return found

    def _own_words(
        self,
        sentence: LabelledSentence,
        connotation: Connotation,
        label: StanceLabel,
        test: str,
    ) -> list[Place]:
        """Mentions in the newsroom's words whose stance has a label."""
        found = []
        for place in self._places(sentence, connotation, test):
            stance = sentence.stances[place.stance]
            if stance.holder != "newsroom":
                self._into.leave_out(test, "the name stands in a source's words")
            elif stance.label != label:
                self._into.leave_out(test, f"the stance is not {label} to begin with")
            else:
                found.append(place)
        return found

    def _pick(
        self, sentence: LabelledSentence, place: Place, names: Sequence[Name], test: str
    ) -> Name | None:
        """One of the names that fit, at random."""
        if not names:
            self._into.leave_out(test, "the list holds no name of the same form")
            return None
        reasons = [fits(sentence, place, name) for name in names]
        fitting = [name for name, why in zip(names, reasons, strict=True) if why is None]
        if not fitting:
            self._into.leave_out(test, str(reasons[0]))
            return None
        return self._rng.choice(fitting)

    def _load(
        self,
        after: LabelledSentence,
        place: Place,
        mention: Mention,
        connotation: Connotation,
        epithet: tuple[Mention, str] | None = None,
    ) -> LabelledSentence:
        """The sentence with the stance and the loaded term that the new wording brings."""
        stance = after.stances[place.stance]
        start, end = mention.start, mention.end
        if epithet is not None:  # the mention is the name alone
            old, word = epithet
            start = end - len(word)
            name = replace(mention, end=mention.start + len(old.text), text=old.text)
            mentions = tuple(name if m == mention else m for m in stance.mentions)
            stance = replace(stance, mentions=mentions)
        text = after.text[start:end]
        listed = self._lexicon.look_up(text)
        kinds = [v.kind for v in after.voices if v.start <= start < v.end]
        term = LoadedTerm(
            start=start,
            end=end,
            text=text,
            term=self._lexicon.name_term(text),
            category="praise" if listed and listed.category == "praise" else "label",
            weak=listed is not None and listed.weak,
            voice=kinds[0] if kinds else "own",
            target=stance.target,
            group=None,
            origin="gold",
        )
        stances = list(after.stances)
        stances[place.stance] = replace(stance, label=_MOVED[connotation])
        terms = tuple(sorted((*after.loaded_terms, term), key=lambda t: (t.start, t.end)))
        return as_article(replace(after, stances=tuple(stances), loaded_terms=terms))

    def _add(
        self,
        sentence: LabelledSentence,
        place: Place,
        made: tuple[LabelledSentence, tuple[Edit, ...]] | None,
        test: str,
        kind: str,
        connotation: Connotation | None = None,
        *,
        is_bare: bool = False,
    ) -> None:
        if made is None:
            self._into.leave_out(test, "the name crosses the border of a span")
            return
        after, edits = made
        (edit,) = edits
        written = edit.start, edit.start + len(edit.text)
        expected = Expectation()
        if connotation is not None and is_bare:
            labels = tuple(x for x in ("favor", "against", "none") if x != _MOVED[connotation])
            expected = Expectation(stances=((place.stance, labels),), absent=((*written, _LOADED),))
        elif connotation is not None:
            expected = Expectation(
                stances=((place.stance, (_MOVED[connotation],)),), found=((*written, _LOADED),)
            )
        target = self._book.targets[place.name.target]
        self._into.add(
            Case(
                test=test,
                kind=kind,  # type: ignore[arg-type]
                source=f"{sentence.article_id}:{sentence.index}",
                conflict=target.conflict,
                target=target.id,
                before=as_article(sentence),
                after=after,
                edits=edits,
                expected=expected,
            )
        )


def _may_load(neutral: Name, loaded: Name) -> bool:
    """Whether a loaded name says the same actor: a militia for a movement, a state for a land."""
    ours, theirs = neutral.form, loaded.form
    same = (ours.agreement, ours.case, ours.is_definite) == (
        theirs.agreement,
        theirs.case,
        theirs.is_definite,
    )
    kinds = {ours.kind, theirs.kind}
    near = (
        len(kinds) == 1
        or kinds <= {"state", "place"}
        or (kinds <= {"force", "movement"} and not neutral.is_state)
    )
    return same and near and ours.kind not in ("person", "office", "ministry", "court")


def _is_fought(sentence: LabelledSentence, place: Place, connotation: Connotation) -> bool:
    """Whether praise would contradict what stands before the name: محاربة, ضد."""
    before = sentence.text[max(0, place.mention.start - 30) : place.mention.start]
    return connotation == "laudatory" and _FIGHT.search(before) is not None


def _mention_at(stance: Stance, start: int) -> Mention:
    return next(mention for mention in stance.mentions if mention.start == start)


def _touching(sentence: LabelledSentence, start: int, end: int) -> list[LoadedTerm]:
    return [t for t in sentence.loaded_terms if t.start < end and start < t.end]
