"""The rules that vote on a stance: each reads the evidence and gives a label, or abstains (None).

A rule says one thing for every side: who is praised or blamed comes from names and words alone.
"""

from __future__ import annotations

from collections.abc import Callable

from model.records import StanceLabel
from train.data.silver.evidence import Evidence
from train.data.silver.reading import (
    NEAR,
    has_plain_names,
    is_owned,
    is_subject,
    judges,
    one_side,
    subject_of,
)
from train.data.silver.word_lists import (
    ALLEGED,
    BLAMING,
    DOUBT_VERBS,
    MARTYRS,
    OWNED,
    PRAISING,
    PRETEXTS,
    SO_CALLED,
    SUFFERING,
    UNDERGOING,
    any_form,
    is_form,
)

StanceRule = Callable[[Evidence], StanceLabel | None]
_LOADED = ("label", "emotive", "praise", "scare_quotes")


def loaded_name(e: Evidence) -> StanceLabel | None:
    """The name itself is loaded, and nothing keeps it at a distance."""
    if distanced_name(e):
        return None
    return one_side(mention.connotation for mention in e.stance.mentions)


def distanced_name(e: Evidence) -> StanceLabel | None:
    """ما يسمى before the name, المزعوم behind it, or marks behind a loaded word."""
    for mention, term in e.pairs("scare_quotes", "doubt"):
        if term.category == "scare_quotes":
            if term.start <= mention.start and mention.end <= term.end:
                return "against"
        elif e.adjoin(term.end, mention.start) and any_form(
            e.between(term.start, term.end), SO_CALLED
        ):
            return "against"
    for mention in e.stance.mentions:
        behind = [w for w in e.between(mention.end, len(e.text)) if w.start <= mention.end + 3]
        if any_form(behind[:1], ALLEGED):
            return "against"
    return None


def adjoining_label(e: Evidence) -> StanceLabel | None:
    """A label right beside the name: مليشيا قسد، قسد الانفصالية; not what it owns: ذراع إيران."""
    return one_side(
        term.polarity
        for mention, term in e.pairs("label")
        if not is_owned(e, term)
        and (e.adjoin(term.end, mention.start) or e.adjoin(mention.end, term.start))
    )


def owner_of_a_label(e: Evidence) -> StanceLabel | None:
    """ذراع إيران, مليشيات موالية لإيران: the label is said of whom the name owns."""
    for mention, term in e.pairs("label", "doubt"):
        if is_owned(e, term) and 0 < mention.start - term.end <= 4:
            return "none"
        led = e.between(term.end, mention.start)
        if 0 < len(led) <= 2 and any_form(led, OWNED):
            return "none"
    return None


def adjoining_act(e: Evidence) -> StanceLabel | None:
    """A charged act right before the name of its doer (قرصنة واشنطن), or a verb right behind."""
    return one_side(
        term.polarity
        for mention, term in e.pairs("emotive")
        if (e.adjoin(term.end, mention.start) and " ل" not in e.text[term.end : mention.start + 1])
        or (e.adjoin(mention.end, term.start) and not judges(e, mention, term))
    )


def adjoining_praise(e: Evidence) -> StanceLabel | None:
    """Praise right beside the name: أبطال الجيش, القوات الباسلة."""
    return one_side(
        term.polarity
        for mention, term in e.pairs("praise")
        if not any_form(e.between(term.start, term.end), MARTYRS)
        and (e.adjoin(term.end, mention.start) or e.adjoin(mention.end, term.start))
    )


def apposition(e: Evidence) -> StanceLabel | None:
    """A loaded word that opens the apposition behind the name: واشنطن، الحليف الوفي، …"""
    found = []
    for mention, term in e.pairs("label", "praise", "emotive"):
        gap = e.text[mention.end : term.start]
        if gap.strip() in ("،", ",", "–", "-") or (
            gap.lstrip().startswith("،") and len(e.between(mention.end, term.start)) == 1
        ):
            found.append(term.polarity)
    return one_side(found)


def doubted_claim(e: Evidence) -> StanceLabel | None:
    """The target is the subject of زعم or ادعى."""
    for number, word in enumerate(e.words):
        if not is_form(word.key, DOUBT_VERBS) or not e.is_holders(word.start):
            continue
        if (subject := subject_of(e, number)) is not None:
            if subject == e.stance.target:
                return "against"
        elif any(term.nearest == e.stance.target for term in e.terms_at(word.start)):
            return "against"
    return None


def pretext(e: Evidence) -> StanceLabel | None:
    """بحجة: against whoever acts before it, nothing toward whoever is named behind it."""
    for word in e.words:
        if not is_form(word.key, PRETEXTS) or not e.is_holders(word.start):
            continue
        before = [target for target, mention in e.mentions if mention.end <= word.start]
        if before and before[0] == e.stance.target:
            return "against"
        if all(mention.start > word.start for mention in e.stance.mentions):
            return "none"
    return None


def charged_deed(e: Evidence) -> StanceLabel | None:
    """The name stands before a charged word in its clause, and nothing says that it suffers it."""
    found = []
    for mention, term in e.pairs("emotive", "praise"):
        if (
            term.start > mention.end
            and e.share_clause(mention, term)
            and not e.others_between(mention.end, term.start)
            and len(e.between(mention.end, term.start)) <= 2 * NEAR
            and not judges(e, mention, term)
        ):
            found.append(term.polarity)
    return one_side(found)


def sufferer(e: Evidence) -> StanceLabel | None:
    """A charged act against the target (عدوان على…, تعرض… ل) says nothing of it."""
    if not has_plain_names(e) or _is_touched(e):
        return None
    for mention, term in e.pairs("emotive"):
        if not e.share_clause(mention, term):
            continue
        start, _ = e.clause(mention.start)
        lead = e.between(term.end, mention.start) or e.between(mention.end, term.start)
        is_aimed = (
            any_form(lead[-2:], SUFFERING)
            or any_form(lead[:1], UNDERGOING)
            or any_form(e.between(start, mention.start)[-1:], UNDERGOING)
        )
        if is_aimed and not e.others_between(*sorted((term.end, mention.start))):
            return "none"
    return None


def judge_of_an_act(e: Evidence) -> StanceLabel | None:
    """Whoever condemns an act, or mourns its victims, is not charged with it: أدانت مصر المجزرة."""
    if not has_plain_names(e) or _is_touched(e):
        return None
    for mention, term in e.pairs("emotive", "praise"):
        if mention.end <= term.start and e.share_clause(mention, term) and judges(e, mention, term):
            return "none"
    return None


def blaming_verb(e: Evidence) -> StanceLabel | None:
    """A verb that tells an act as a crime, with the target as its subject."""
    return "against" if is_subject(e, BLAMING) else None


def praising_verb(e: Evidence) -> StanceLabel | None:
    """A verb that tells an act as a deed, with the target as its subject."""
    return "favor" if is_subject(e, PRAISING) else None


def martyrs(e: Evidence) -> StanceLabel | None:
    """شهداء الجيش, استشهد ثلاثة من الجيش honour the army; other martyrs honour somebody else."""
    for mention, term in e.pairs("praise"):
        if any_form(e.between(term.start, term.end), MARTYRS):
            lead = e.between(term.end, mention.start)
            is_theirs = e.adjoin(term.end, mention.start) or (
                0 < len(lead) <= NEAR and lead[-1].key == "من"
            )
            if is_theirs:
                return "favor"
            if term.nearest == e.stance.target and not _is_touched(e):
                return "none"
    return None


def label_in_clause(e: Evidence) -> StanceLabel | None:
    """A label in the same clause whose nearest name is the target's."""
    return one_side(
        term.polarity
        for mention, term in e.pairs("label")
        if term.nearest == e.stance.target
        and not is_owned(e, term)
        and not (term.start < mention.end and mention.start < term.end)
        and e.share_clause(mention, term)
        and not e.others_between(*sorted((mention.start, term.start)))
    )


def praise_in_clause(e: Evidence) -> StanceLabel | None:
    """Praise in the same clause whose nearest name is the target's."""
    return one_side(
        term.polarity
        for mention, term in e.pairs("praise")
        if term.nearest == e.stance.target
        and not any_form(e.between(term.start, term.end), MARTYRS)
        and e.share_clause(mention, term)
    )


def euphemism(e: Evidence) -> StanceLabel | None:
    """Words that play an act down, and nothing else that is loaded, are no praise of who acts."""
    said = {term.category for term in e.terms if term.nearest == e.stance.target}
    return "none" if said == {"euphemism"} and has_plain_names(e) and not _is_touched(e) else None


def nothing_loaded(e: Evidence) -> StanceLabel | None:
    """Plain names, and no loaded word in all of the holder's words."""
    return "none" if has_plain_names(e) and not e.terms and not _is_touched(e) else None


def said_of_another(e: Evidence) -> StanceLabel | None:
    """Plain names, and every loaded word nearer to another name or to none."""
    if not has_plain_names(e) or not e.terms or any(t.nearest == e.stance.target for t in e.terms):
        return None
    return None if _is_touched(e) else "none"


def claim_of_another(e: Evidence) -> StanceLabel | None:
    """Plain names inside what somebody else says, without a loaded word in the clause."""
    if e.stance.holder == "source" or not has_plain_names(e):
        return None
    reported = [voice for voice in e.voices if voice.kind == "reported"]
    if all(
        any(voice.start <= mention.start and mention.end <= voice.end for voice in reported)
        for mention in e.stance.mentions
    ):
        loaded = [t for t in e.terms if t.category in _LOADED and t.nearest == e.stance.target]
        return None if loaded or _is_touched(e) else "none"
    return None


def weak_words(e: Evidence) -> StanceLabel | None:
    """Only routine partisan words are said of the target."""
    said = [t for t in e.terms if t.nearest == e.stance.target and t.category in _LOADED]
    return one_side(t.polarity for t in said) if said and all(t.weak for t in said) else None


def marks_against_habit(e: Evidence) -> StanceLabel | None:
    """Marks around a name that the article mostly leaves bare; marks throughout are typography."""
    marked = [mention for mention in e.stance.mentions if e.is_marked(mention)]
    if not marked or e.stance.holder == "source":
        return None
    if e.habit.num_bare > e.habit.num_marked:
        return "against"
    return None if _is_touched(e) or e.terms else "none"


def nearest_wording(e: Evidence) -> StanceLabel | None:
    """Whatever names and loaded words are nearest to the target, if they point one way."""
    said = [
        term.polarity
        for term in e.terms
        if term.nearest == e.stance.target and term.category != "euphemism"
    ]
    return one_side([*said, *(mention.connotation for mention in e.stance.mentions)])


STANCE_RULES: dict[str, StanceRule] = {
    rule.__name__: rule
    for rule in (
        loaded_name, distanced_name, adjoining_label, owner_of_a_label, adjoining_act,
        adjoining_praise, apposition, doubted_claim, pretext, charged_deed, sufferer,
        judge_of_an_act, blaming_verb, praising_verb, martyrs, label_in_clause,
        praise_in_clause, euphemism, nothing_loaded, said_of_another, claim_of_another,
        weak_words, marks_against_habit, nearest_wording,
    )
}  # fmt: skip


def vote_on_stance(evidence: Evidence) -> dict[str, str]:
    """The vote of every rule that does not abstain."""
    votes = ((name, rule(evidence)) for name, rule in STANCE_RULES.items())
    return {name: vote for name, vote in votes if vote is not None}


def _is_touched(e: Evidence) -> bool:
    """Whether the words around a name, not only near it, say something of it."""
    return any(
        rule(e)
        for rule in (
            distanced_name, adjoining_label, adjoining_act, adjoining_praise, apposition,
            doubted_claim, charged_deed, blaming_verb, praising_verb,
        )
    ) or pretext(e) == "against"  # fmt: skip
