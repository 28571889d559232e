"""The baselines learn what they say they learn, and never see the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from model.errors import RecordError
from model.records import LabelledSentence, LoadedTerm, Stance
from train.score.baselines import (
    Baseline,
    MajorityBaseline,
    MemoryBaseline,
    RuleBaseline,
)
from train.score.outputs import SystemOutput
from train.score.probes import label_probes
from train.score.tfidf import TfidfBaseline, TfidfFeatures
from train.score.views import OwnView
from train.score.words import find_phrases, split_words, word_offsets

MakeSentence = Callable[..., LabelledSentence]
NAMES = {"sdf": "قوات سوريا الديمقراطية", "army": "الجيش السوري"}
VIEW = OwnView(target_names=NAMES)


def _found(terms: tuple[LoadedTerm, ...]) -> list[tuple[str, str]]:
    return [(term.text, term.category) for term in terms]


def _without_labels(sentence: LabelledSentence) -> LabelledSentence:
    stances = tuple(replace(stance, label=None) for stance in sentence.stances)
    return replace(sentence, stances=stances, loaded_terms=())


@pytest.fixture
def training(make_sentence: MakeSentence) -> list[LabelledSentence]:
    places = ["المدينة", "البلدة", "القرية", "الرقة", "الحسكة", "القامشلي"]
    against = [
        make_sentence(
            f"اقتحمت مليشيا قسد {place} فجرا",
            stances=[("sdf", "against", "قسد", "neutral")],
            terms=[("مليشيا", "label")],
        )
        for place in places
    ]
    favor = [
        make_sentence(
            f"دخل الجيش الباسل {place} اليوم",
            stances=[("army", "favor", "الجيش", "neutral")],
            terms=[("الباسل", "praise")],
        )
        for place in places
    ]
    none = [
        make_sentence(
            f"وصلت قوات الجيش إلى {place} أمس، وغادرت",
            stances=[("army", "none", "الجيش", "neutral")],
        )
        for place in [*places, "حلب", "حماة"]
    ]
    return against + favor + none


def test_words_keep_their_offsets_and_marks_stand_alone() -> None:
    text = 'قال: مليشيا "قَسَد"، و(ما يسمى) 3.5'
    words = ["قال", ":", "مليشيا", '"', "قَسَد", '"', "،", "و(ما", "يسمى", ")", "3.5"]
    assert list(split_words(text)) == words
    assert [text[start:end] for start, end in word_offsets(text)] == words


def test_phrases_are_found_by_whole_words_the_longest_first() -> None:
    text = "ما يسمى قسد، ما قسد"
    known = {("ما", "يسمى"), ("ما",), ("قس",)}
    assert [text[start:end] for start, end, _ in find_phrases(text, known)] == [
        "ما يسمى",
        "ما",
        "ما",
    ]


def test_majority_gives_the_most_frequent_label(training: list[LabelledSentence]) -> None:
    baseline = MajorityBaseline()
    baseline.fit(training)
    output = baseline.predict(training)[0]
    assert output.stances == ("none",)
    assert output.loaded_terms == ()


def test_memory_knows_the_names_it_saw(
    training: list[LabelledSentence], make_sentence: MakeSentence
) -> None:
    baseline = MemoryBaseline()
    baseline.fit(training)
    seen, unseen, other_connotation = baseline.predict(
        [
            make_sentence("هاجمت مليشيا قسد", stances=[("sdf", None, "قسد", "neutral")]),
            make_sentence("هاجمت لمليشيا قوات", stances=[("sdf", None, "قوات", "neutral")]),
            make_sentence("هاجمت قسد", stances=[("sdf", None, "قسد", "pejorative")]),
        ]
    )
    assert seen.stances == ("against",)
    assert _found(seen.loaded_terms) == [("مليشيا", "label")]
    assert unseen.stances == ("none",), "the most frequent label of all"
    assert unseen.loaded_terms == (), "a clitic makes it another word"
    assert other_connotation.stances == ("none",)


def test_memory_forgets_phrases_that_are_mostly_not_loaded(make_sentence: MakeSentence) -> None:
    def sentence(is_loaded: bool) -> LabelledSentence:
        return make_sentence(
            "تحرير البلدة",
            stances=[("army", "none", "البلدة", "neutral")],
            terms=[("تحرير", "emotive")] if is_loaded else [],
        )

    for loaded, plain, found in [(1, 1, True), (1, 2, False)]:
        baseline = MemoryBaseline()
        baseline.fit([sentence(True)] * loaded + [sentence(False)] * plain)
        assert bool(baseline.predict([sentence(False)])[0].loaded_terms) is found


def test_memory_takes_the_longest_phrase(make_sentence: MakeSentence) -> None:
    long = make_sentence(
        "العصابات الإرهابية المسلحة هنا",
        stances=[("army", "none", "هنا", "neutral")],
        terms=[("العصابات الإرهابية", "label")],
    )
    short = make_sentence("العصابات هنا", terms=[("العصابات", "label")])
    baseline = MemoryBaseline()
    baseline.fit([long, short])
    assert _found(baseline.predict([long])[0].loaded_terms) == [("العصابات الإرهابية", "label")]


@pytest.mark.parametrize("model", ["logistic", "svm"])
def test_tfidf_learns_stances_and_loaded_words(
    training: list[LabelledSentence], make_sentence: MakeSentence, model: Any
) -> None:
    baseline = TfidfBaseline(TfidfFeatures(VIEW), model)
    baseline.fit(training)
    against, favor = baseline.predict(
        [
            make_sentence("اعتقلت لمليشيا قسد شابا", stances=[("sdf", None, "قسد", "neutral")]),
            make_sentence("تقدم الجيش الباسل", stances=[("army", None, "الجيش", "neutral")]),
        ]
    )
    assert against.stances == ("against",)
    assert _found(against.loaded_terms) == [("لمليشيا", "label")]
    assert favor.stances == ("favor",)
    assert _found(favor.loaded_terms) == [("الباسل", "praise")]


@pytest.mark.parametrize("model", ["logistic", "svm"])
def test_tfidf_ranks_sentences_by_their_surest_word(
    training: list[LabelledSentence], make_sentence: MakeSentence, model: Any
) -> None:
    baseline = TfidfBaseline(TfidfFeatures(VIEW), model)
    baseline.fit(training)
    texts = ["اعتقلت لمليشيا قسد شابا", "تقدم الجيش الباسل", "زار وفد حلب", "  "]
    outputs = baseline.predict([make_sentence(text) for text in texts])
    label, praise, plain, empty = (float(output.presence or 0) for output in outputs)
    assert min(label, praise) > 0 > plain > empty, "above 0 where a term is found"
    (alone,) = baseline.predict([make_sentence("  ")])
    assert alone.presence == empty
    baseline.fit([replace(sentence, loaded_terms=()) for sentence in training])
    assert {o.presence for o in baseline.predict(training)} == {empty}, "it knows of no term"


def test_tfidf_reads_the_holders_words_and_the_target(make_sentence: MakeSentence) -> None:
    text = "رأي في قسد"
    sentences = [
        make_sentence(text, stances=[(target, label, "قسد", "neutral")])
        for target, label in [("sdf", "against"), ("army", "favor")] * 5
    ]
    read: list[tuple[str, str]] = []

    def holder_words(sentence: LabelledSentence, stance: Stance) -> str:
        read.append((sentence.text, stance.target))
        return sentence.text

    baseline = TfidfBaseline(TfidfFeatures(OwnView(holder_words, NAMES)))
    baseline.fit(sentences)
    outputs = baseline.predict(sentences[:2])
    assert [output.stances for output in outputs] == [("against",), ("favor",)]
    assert read[-2:] == [(text, "sdf"), (text, "army")]


def test_tfidf_joins_neighbours_and_keeps_quotation_marks(make_sentence: MakeSentence) -> None:
    sentences = [
        make_sentence(
            f'زار وفد "قسد" المزعوم، {place}',
            stances=[("sdf", "against", "قسد", "neutral")],
            terms=[('"قسد"', "scare_quotes"), ("المزعوم", "doubt")],
        )
        for place in ("حلب", "حماة", "حمص", "إدلب", "دمشق", "درعا")
    ]
    baseline = TfidfBaseline(TfidfFeatures(VIEW))
    baseline.fit(sentences)
    output = baseline.predict(sentences)[0]
    assert set(_found(output.loaded_terms)) == {('"قسد"', "scare_quotes"), ("المزعوم", "doubt")}
    assert output.stances == ("against",), "one label only in the training split"


def test_tfidf_sees_a_word_through_its_clitics_in_any_company(make_sentence: MakeSentence) -> None:
    companies = [("دخلت", "حلب"), ("غادرت", "حماة"), ("قصفت", "حمص"), ("حاصرت", "إدلب")]
    sentences = [
        make_sentence(
            f"{before} {name} {after}",
            stances=[("sdf", "none", after, "neutral")],
            terms=[(name, "label")] if name == "مليشيا" else [],
        )
        for before, after in companies
        for name in ("مليشيا", "قوات", "كتيبة")
    ]
    baseline = TfidfBaseline(TfidfFeatures(VIEW))
    baseline.fit(sentences)
    output = baseline.predict([make_sentence("رحيل لمليشيا غدا")])[0]
    assert _found(output.loaded_terms) == [("لمليشيا", "label")]


@pytest.mark.parametrize(
    ("loaded", "plain"),
    [("جرى تحرير بلدة", "جرى تحرير خبر"), ("هنا معركة تحرير", "هنا مكتب تحرير")],
    ids=["the word after", "the word before"],
)
def test_tfidf_reads_a_word_among_its_neighbours(
    loaded: str, plain: str, make_sentence: MakeSentence
) -> None:
    sentences = [
        make_sentence(loaded, stances=[("army", "favor", "تحرير", "neutral")]),
        make_sentence(plain, stances=[("army", "none", "تحرير", "neutral")]),
    ]
    terms = make_sentence(loaded, terms=[("تحرير", "emotive")]).loaded_terms
    baseline = TfidfBaseline(TfidfFeatures(VIEW))
    baseline.fit([replace(sentences[0], loaded_terms=terms), sentences[1]] * 4)
    outputs = baseline.predict(sentences)
    assert [_found(output.loaded_terms) for output in outputs] == [[("تحرير", "emotive")], []]


@pytest.mark.parametrize("name", ["majority", "memory", "tfidf", "svm", "probes"])
def test_no_baseline_sees_the_answer(name: str, training: list[LabelledSentence]) -> None:
    baselines: dict[str, Baseline] = {
        "majority": MajorityBaseline(),
        "memory": MemoryBaseline(),
        "tfidf": TfidfBaseline(TfidfFeatures(VIEW)),
        "svm": TfidfBaseline(TfidfFeatures(VIEW), "svm"),
        "probes": label_probes(OwnView())["target-blind"],
    }
    baseline = baselines[name]
    baseline.fit(training)
    blind = baseline.predict([_without_labels(sentence) for sentence in training])
    assert blind == baseline.predict(training)
    for sentence, output in zip(training, blind, strict=True):
        for term in output.loaded_terms:
            assert sentence.text[term.start : term.end] == term.text


@pytest.mark.parametrize(
    "baseline",
    [MajorityBaseline(), MemoryBaseline(), TfidfBaseline(TfidfFeatures(VIEW))],
)
def test_training_sentences_without_a_judged_stance_are_refused(
    baseline: Baseline, make_sentence: MakeSentence
) -> None:
    sentence = make_sentence("قسد", stances=[("sdf", None, "قسد", "neutral")])
    with pytest.raises(RecordError, match="no stance has a label"):
        baseline.fit([sentence])


def test_found_terms_carry_the_voice_they_stand_in(make_sentence: MakeSentence) -> None:
    sentence = make_sentence(
        "قال مليشيا ثم مليشيا",
        stances=[("sdf", "none", "ثم", "neutral")],
        terms=[("مليشيا", "label")],
        direct="ثم مليشيا",
    )
    baseline = MemoryBaseline()
    baseline.fit([sentence])
    assert [t.voice for t in baseline.predict([sentence])[0].loaded_terms] == ["own", "direct"]


def test_rules_label_each_sentence(make_sentence: MakeSentence) -> None:
    sentence = make_sentence("قسد", stances=[("sdf", None, "قسد", "neutral")])
    output = SystemOutput(("favor",), ())
    baseline = RuleBaseline(lambda given: output if given is sentence else SystemOutput((), ()))
    baseline.fit([])
    assert baseline.predict([sentence]) == [output]


def test_two_models_share_their_features(training: list[LabelledSentence]) -> None:
    features = TfidfFeatures(VIEW)
    for model in ("logistic", "svm"):
        TfidfBaseline(features, model).fit(training)  # type: ignore[arg-type]
    first = features.fit(training)
    assert features.fit(training) is first
    assert features.fit(training[:10]) is not first, "another split is learnt anew"


def test_each_probe_sees_its_part_alone(make_sentence: MakeSentence) -> None:
    """Words, target and outlet each tell the label in a split of their own."""

    def sentence(word: str, target: str, outlet: str, label: str) -> LabelledSentence:
        made = make_sentence(f"{word} قسد", stances=[(target, label, "قسد", "neutral")])
        return replace(made, outlet=outlet)

    labels = ("against", "favor", "none")
    told_by = {
        "target-blind": [sentence(f"كلمة{n}", "sdf", "o", label) for n, label in enumerate(labels)],
        "text-blind": [sentence("كلمة", f"t{n}", "o", label) for n, label in enumerate(labels)],
        "outlet-only": [sentence("كلمة", "sdf", f"o{n}", label) for n, label in enumerate(labels)],
    }
    for telling, training in told_by.items():
        for name, probe in label_probes(OwnView()).items():
            probe.fit(training * 4)
            found = [output.stances[0] for output in probe.predict(training)]
            assert (found == list(labels)) == (name == telling), (telling, name, found)
            assert all(not output.loaded_terms for output in probe.predict(training))


def test_a_probe_meets_what_it_never_saw(
    training: list[LabelledSentence], make_sentence: MakeSentence
) -> None:
    unseen = make_sentence("كلام", stances=[("other", None, "كلام", "neutral")])
    for probe in label_probes(OwnView()).values():
        probe.fit(training)
        assert probe.predict([]) == []
        (output,) = probe.predict([replace(unseen, outlet="another")])
        assert output.stances[0] in ("favor", "against", "none")
