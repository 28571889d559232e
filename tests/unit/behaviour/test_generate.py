"""Every case made of the seeds: span laws, what an edit leaves alone, counts, determinism."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from model.records import LabelledSentence, LoadedTerm, Mention, Stance, Voice
from model.text.lexicon import Lexicon
from train.behaviour.collect import OVER_CAP
from train.behaviour.edits import edit_sentence
from train.behaviour.generate import Behaviour, make_cases
from train.behaviour.names import NameBook
from train.behaviour.spellings import REWRITES
from train.behaviour.templates import fill, read_templates
from train.score.behaviour.cases import Case, Edit, sentences_of

SPELLINGS = set(REWRITES)


def apply(text: str, start: int, end: int, edits: tuple[Edit, ...]) -> str:
    """A slice of a text with the edits that lie inside it: the oracle for moved spans."""
    inside = [e for e in edits if start <= e.start and e.end <= end]
    for edit in reversed(inside):
        if not (edit.start == edit.end == start):
            text = text[: edit.start] + edit.text + text[edit.end :]
            end += len(edit.text) - (edit.end - edit.start)
    return text[start:end]


def test_span_laws_hold_for_every_sentence(behaviour: Behaviour) -> None:
    num_spans = 0
    for sentence in sentences_of(behaviour.cases):
        text = sentence.text
        spans: list[Mention | LoadedTerm] = [
            m for stance in sentence.stances for m in stance.mentions
        ]
        spans += sentence.loaded_terms
        for span in spans:
            assert text[span.start : span.end] == span.text
            assert span.text == span.text.strip()
            num_spans += 1
        for voice in sentence.voices:
            assert 0 <= voice.start < voice.end <= len(text)
        assert (sentence.start, sentence.end, sentence.index) == (0, len(text), 0)
    assert num_spans > 10_000


def test_edits_make_the_second_sentence_of_the_first(behaviour: Behaviour) -> None:
    for case in behaviour.cases:
        if case.before is not None and case.edits:
            text = case.before.text
            assert apply(text, 0, len(text), case.edits) == case.after.text, case


def test_voices_move_with_their_words(behaviour: Behaviour) -> None:
    num_voices = 0
    for case in behaviour.cases:
        if case.before is None or not case.edits:
            continue
        for old, new in zip(case.before.voices, case.after.voices, strict=True):
            expected = apply(case.before.text, old.start, old.end, case.edits)
            assert case.after.text[new.start : new.end] == expected
            assert (old.kind, old.cue) == (new.kind, new.cue)
            num_voices += 1
    assert num_voices > 3_000


def test_stances_keep_their_number_and_holder(behaviour: Behaviour) -> None:
    for case in behaviour.cases:
        if case.before is not None:
            for old, new in zip(case.before.stances, case.after.stances, strict=True):
                assert old.holder == new.holder
                assert len(old.mentions) == len(new.mentions) or not case.edits


@pytest.mark.parametrize("test", sorted(SPELLINGS))
def test_spellings_change_no_label(behaviour: Behaviour, test: str) -> None:
    cases = [case for case in behaviour.cases if case.test == test]
    assert cases
    for case in cases:
        assert case.before is not None
        assert [s.label for s in case.before.stances] == [s.label for s in case.after.stances]
        assert len(case.before.loaded_terms) == len(case.after.loaded_terms)
        assert case.before.text != case.after.text


def test_direction_brings_its_label_and_term(behaviour: Behaviour, book: NameBook) -> None:
    found: Counter[str] = Counter()
    for case in behaviour.cases:
        if case.kind != "direction":
            continue
        found[case.test] += 1
        ((number, labels),) = case.expected.stances
        assert case.after.stances[number].label in labels
        assert case.before is not None
        assert case.before.stances[number].label not in labels
        assert case.after.stances[number].holder == "newsroom"
        for start, end, categories in case.expected.found:
            assert any(
                t.category in categories and t.start < end and start < t.end
                for t in case.after.loaded_terms
            )
        for start, end, _ in case.expected.absent:
            assert not any(t.start < end and start < t.end for t in case.after.loaded_terms)
    assert len(found) == 6
    assert min(found.values()) >= 5


def test_symmetry_keeps_conflict_and_changes_side(behaviour: Behaviour, book: NameBook) -> None:
    cases = [case for case in behaviour.cases if case.kind == "symmetry"]
    for case in cases:
        assert case.other is not None
        one, other = book.targets[case.target], book.targets[case.other]
        assert one.conflict == other.conflict == case.conflict
        assert one.side != other.side
        assert case.before is not None
        assert [s.label for s in case.before.stances] == [s.label for s in case.after.stances]
    assert len({case.conflict for case in cases}) >= 20
    natural = [case for case in cases if not case.source.startswith("template")]
    assert len(natural) >= 100


def test_minimum_covers_labels_categories_and_conflicts(behaviour: Behaviour) -> None:
    cases = [case for case in behaviour.cases if case.kind == "minimum"]
    assert len(cases) >= 150
    labels = {stance.label for case in cases for stance in case.after.stances}
    categories = {term.category for case in cases for term in case.after.loaded_terms}
    assert labels == {"favor", "against", "none"}
    assert categories == {"label", "emotive", "doubt", "scare_quotes", "praise", "euphemism"}
    assert len({case.conflict for case in cases}) == 24
    assert len({case.target for case in cases}) >= 70


def test_a_loaded_name_in_a_quotation_leaves_the_newsroom_out(behaviour: Behaviour) -> None:
    cases = [c for c in behaviour.cases if c.test == "voice: loaded name in a quotation"]
    assert cases
    for case in cases:
        by_holder = {stance.holder: stance.label for stance in case.after.stances}
        assert by_holder["newsroom"] == "none"
        assert by_holder["source"] in ("against", "favor")
        (voice,) = case.after.voices
        assert voice.kind == "direct"


def test_templates_agree_with_their_names(book: NameBook, lexicon: Lexicon) -> None:
    template = next(t for t in read_templates() if t.id == "none-3")
    masculine, feminine = book.canonical("hezbollah"), book.canonical("hamas")
    assert masculine is not None
    assert feminine is not None
    assert fill(template, [masculine], lexicon).text == (
        "نفى حزب الله مسؤوليته عن الهجوم الذي وقع فجر الخميس."
    )
    assert fill(template, [feminine], lexicon).text == (
        "نفت حركة حماس مسؤوليتها عن الهجوم الذي وقع فجر الخميس."
    )


def test_same_seed_same_cases_and_a_cap_that_is_even(
    seeds: list[LabelledSentence], book: NameBook, lexicon: Lexicon
) -> None:
    some = seeds[:40]
    first = make_cases(some, book, lexicon, seed=3, cap=20)
    assert first == make_cases(some, book, lexicon, seed=3, cap=20)
    assert first != make_cases(some, book, lexicon, seed=4, cap=20)
    by_test = Counter(case.test for case in first.cases)
    assert max(by_test.values()) == 20
    assert sum(r.count for r in first.left_out if r.reason == OVER_CAP) > 0
    shares = Counter(c.target for c in first.cases if c.test == "stance none")
    assert max(shares.values()) == 1  # there are more targets than cases


def make_sentence(text: str, **fields: object) -> LabelledSentence:
    empty: dict[str, object] = {"voices": (), "stances": (), "loaded_terms": ()}
    return LabelledSentence(
        article_id="a",
        index=4,
        section="body",
        start=10,
        end=10 + len(text),
        text=text,
        outlet="o",
        published=None,
        story="s",
        **(empty | fields),  # type: ignore[arg-type]
    )


def test_an_edit_moves_what_follows_and_grows_what_holds_it() -> None:
    text = "قال بيان إن قسد انسحبت من البلدة أمس."
    place = text.index("قسد")
    sentence = make_sentence(
        text,
        voices=(Voice(place, text.index(" أمس"), "reported", "بيان", "قال"),),
        stances=(
            Stance("sdf", "newsroom", None, (Mention(place, place + 3, "قسد", "قسد", "neutral"),),
                   "none"),
        ),
    )  # fmt: skip
    after = edit_sentence(sentence, [Edit(place, place + 3, "قوات سوريا الديمقراطية")])
    assert after is not None
    assert after.text == "قال بيان إن قوات سوريا الديمقراطية انسحبت من البلدة أمس."
    (voice,) = after.voices
    words = after.text[voice.start : voice.end]
    assert words == "قوات سوريا الديمقراطية انسحبت من البلدة"
    assert after.stances[0].mentions[0].text == "قوات سوريا الديمقراطية"
    assert after.article_id != sentence.article_id


def test_sentences_that_lack_what_the_makers_look_for(book: NameBook, lexicon: Lexicon) -> None:
    """A user's own data: a target that no list holds, a stance without a mention, no text."""
    text = "انسحبت قسد من البلدة، وقال المجلس المحلي إنه سيعود."
    sdf, council = text.index("قسد"), text.index("المجلس المحلي")
    known = Stance(
        "sdf", "newsroom", None, (Mention(sdf, sdf + 3, "قسد", "قسد", "neutral"),), "none"
    )
    place = Mention(council, council + 13, "المجلس المحلي", "المجلس المحلي", "neutral")
    unknown = Stance("local-council", "newsroom", None, (place,), "none")
    sentences = [
        make_sentence(text, stances=(known, unknown)),
        make_sentence(text, stances=(unknown, known)),
        make_sentence(text, stances=(unknown,)),
        make_sentence(text, stances=(replace(known, mentions=()),)),
        make_sentence(text, stances=(replace(known, label=None),)),
        make_sentence(""),
    ]
    made = make_cases(sentences, book, lexicon, cap=5)
    reasons = {row.reason for row in made.left_out}
    assert "the list does not hold the target" in reasons
    assert "a stance has no mention" in reasons
    assert any(case.test == "another neutral name" for case in made.cases)


def test_an_edit_across_a_border_makes_nothing() -> None:
    text = "قصفت القوات السورية البلدة."
    term = LoadedTerm(5, 11, "القوات", "قوات", "label", False, "own", None, None)
    sentence = make_sentence(text, loaded_terms=(term,))
    assert edit_sentence(sentence, [Edit(8, 14, "قسد")]) is None
    assert edit_sentence(sentence, [Edit(5, 11, "قسد")]) is not None


def test_equal_sentences_share_an_id_and_others_do_not() -> None:
    one = make_sentence("انسحبت قسد.")
    same = replace(one, index=7)
    other = replace(one, outlet="another")
    edit = [Edit(0, 0, "")]
    ids = [s.article_id for s in (edit_sentence(x, edit) for x in (one, same, other)) if s]
    assert ids[0] == ids[1] != ids[2]


def test_sentences_are_asked_once(behaviour: Behaviour) -> None:
    asked = sentences_of(behaviour.cases)
    assert len({s.article_id for s in asked}) == len(asked)
    needed = {s.article_id for c in behaviour.cases for s in (c.before, c.after) if s}
    assert needed == {s.article_id for s in asked}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("spelling: ا for أ and إ", "أعلن الأمن أن وإن سأل.", "اعلن الامن ان وان سأل."),
        ("spelling: ه for ة", "قالت الحكومة إن مدرستها مغلقة.", "قالت الحكومه إن مدرستها مغلقه."),
        ("spelling: ي for ى", "على الأعلى مساعي.", "علي الأعلي مساعي."),
        ("diacritics removed", "سجّلت دماً.", "سجلت دما."),
        ("diacritics added", "أعلن أن الشرطة ضد كل التسوية السورية.",
         "أعلن أنّ الشّرطة ضدّ كلّ التسوية السّوريّة."),
    ],
)  # fmt: skip
def test_rewrites(name: str, text: str, expected: str) -> None:
    import random

    edits = tuple(REWRITES[name](text, random.Random(0)))
    assert apply(text, 0, len(text), edits) == expected


def test_quotes_change_style_in_pairs() -> None:
    import random

    text = 'قال «نعم» ثم "لا" وسكت.'
    edits = tuple(REWRITES["quotation marks"](text, random.Random(0)))
    changed = apply(text, 0, len(text), edits)
    assert len(changed) == len(text)
    assert changed in ("قال “نعم” ثم “لا” وسكت.", 'قال "نعم" ثم "لا" وسكت.')


def test_tatweel_only_between_letters_that_join(behaviour: Behaviour) -> None:
    alone = set("اأإآدذرزوؤةىء")
    for case in behaviour.cases:
        if case.test == "tatweel":
            assert case.before is not None
            for edit in case.edits:
                before, after = case.before.text[edit.start - 1], case.before.text[edit.start]
                assert before not in alone
                assert "\u0621" < after < "\u064b"
                assert (before, after) not in {("ل", letter) for letter in "اأإآ"}


def _persons(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.test == "another person's name"]


def test_a_speaker_is_renamed_in_text_and_voice(behaviour: Behaviour) -> None:
    cases = _persons(behaviour.cases)
    assert len(cases) > 30
    for case in cases:
        name = case.edits[0].text
        assert any(name in (voice.speaker or "") for voice in case.after.voices)
        assert case.before is not None
        old = case.before.text[case.edits[0].start : case.edits[0].end]
        assert old not in case.after.text
        assert not any(old in (voice.speaker or "") for voice in case.after.voices)
