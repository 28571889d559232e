"""The figures of the report: newsroom and sources apart, weak terms apart, in flat memory."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby

import pytest

from model.errors import RecordError
from model.records import Prediction
from model.report.aggregate import TargetName, aggregate
from model.report.framing import ByVoice, FramingReport, NameUse, SaidUse, StanceCount

Marked = Callable[..., Prediction]
Targets = dict[str, TargetName]


@pytest.fixture
def report(sample: list[Prediction], targets: Targets) -> FramingReport:
    return aggregate(iter(sample), targets)


def test_the_whole_is_counted(report: FramingReport) -> None:
    assert (report.num_articles, report.num_sentences, len(report.outlets)) == (8, 27, 3)
    assert (report.first_date, report.last_date) == ("2021-10-19", "2021-11-02")
    assert report.num_undated == 1
    assert [item.num_articles for item in report.outlets] == [3, 3, 2]


def test_words_are_charged_to_the_voice_they_stand_in(marked: Marked) -> None:
    sentence = marked("وقال: «{direct:س|لن نرحل} أبداً» ثم أكد {reported:س|أن المعبر مغلق} – اليوم.")
    assert aggregate([sentence], {}).outlets[0].words == ByVoice(own=5, reported=3, direct=2)


def test_loaded_words_of_a_quotation_are_not_the_newsrooms(marked: Marked) -> None:
    sentence = marked(
        "{label:sdf|الإرهابي} قال: «{direct:س|{label:sdf|العصابات}}» {reported:س|و{emotive|غاشم}}"
    )
    outlet = aggregate([sentence], {}).outlets[0]
    assert outlet.loaded["label"].every == ByVoice(own=1, reported=0, direct=1)
    assert outlet.loaded["emotive"].every == ByVoice(own=0, reported=1, direct=0)
    assert (outlet.all_loaded.every.newsroom, outlet.all_loaded.every.source) == (2, 1)


def test_sentences_are_counted_for_newsroom_and_source_apart(marked: Marked) -> None:
    sentences = [
        marked("{label|مرتزقة}", index=0),
        marked("{label~|النظام} قال {direct:س|{emotive|غاشم}}", index=1),
        marked("قال {direct:س|نعم}", index=2),
        marked("لا شيء", index=3),
    ]
    counts = aggregate(sentences, {}).outlets[0].sentences
    assert (counts.total, counts.quoting) == (4, 2)
    assert (counts.newsroom_loaded, counts.newsroom_strong) == (2, 1)
    assert (counts.source_loaded, counts.source_strong) == (1, 1)


def test_weak_terms_are_counted_with_the_others_and_apart(marked: Marked) -> None:
    sentence = marked("{label~:g|النظام} و{label:g|العصابات} و{label~:g|النظام}")
    report = aggregate([sentence], {})
    count = report.outlets[0].loaded["label"]
    assert (count.every.own, count.weak.own) == (3, 2)
    assert report.targets[0].outlets[0].newsroom.said_of == (
        SaidUse("النظام", "label", 2, 2),
        SaidUse("العصابات", "label", 1, 0),
    )
    assert [(use.term, use.count.every.own, use.count.weak.own) for use in report.terms] == [
        ("النظام", 2, 2),
        ("العصابات", 1, 0),
    ]


def test_names_of_a_target_by_outlet_and_holder(report: FramingReport) -> None:
    sdf = report.targets[0]
    assert sdf.target.name_en == "Syrian Democratic Forces"
    thawra = next(cell for cell in sdf.outlets if cell.outlet == "Thawra Press")
    assert thawra.newsroom.names == (
        NameUse("قسد", "neutral", 2),
        NameUse('"قسد"', "neutral", 1),
        NameUse("عصابات قسد", "pejorative", 1),
    )
    assert thawra.newsroom.mentions == ByVoice(own=3, reported=1, direct=0)
    assert thawra.newsroom.stances == StanceCount(favor=0, against=4, none=0, unjudged=0)
    assert thawra.newsroom.said_of[0] == SaidUse("مليشيا", "label", 4, 0)
    assert thawra.source.names == (NameUse("قسد", "neutral", 1),)
    assert thawra.source.stances.against == 1
    assert {use.term for use in thawra.source.said_of} == {"العصابات", "الانفصالية"}


def test_a_stance_without_a_label_is_counted_but_not_judged(marked: Marked) -> None:
    sentence = marked("{m:sdf|قسد}", ["sdf newsroom none 1"])
    unjudged = replace(sentence, stances=(replace(sentence.stances[0], label=None),))
    stances = aggregate([unjudged], {}).targets[0].outlets[0].newsroom.stances
    assert (stances.unjudged, stances.judged) == (1, 0)


def test_an_unknown_target_goes_by_its_id(marked: Marked) -> None:
    report = aggregate([marked("{m:new|اسم}", ["new newsroom none 1"])], {})
    assert report.targets[0].target == TargetName("new", "new", "new", "")


def test_an_article_read_twice_is_two_articles(marked: Marked) -> None:
    article = [marked("أ", index=0), marked("ب", index=1)]
    assert aggregate(article + article, {}).num_articles == 2


@pytest.mark.parametrize("published", [None, "", "الثلاثاء", "2021-13-40"])
def test_no_date_is_invented(marked: Marked, published: str | None) -> None:
    report = aggregate([marked("أ", published=published)], {})
    assert (report.num_undated, report.first_date, report.last_date) == (1, None, None)


def test_nothing_gives_an_empty_report() -> None:
    report = aggregate([], {})
    assert (report.num_articles, report.num_sentences, report.outlets, report.articles) == (
        0,
        0,
        (),
        (),
    )


def test_the_order_of_articles_changes_no_figure(
    sample: list[Prediction], targets: Targets, report: FramingReport
) -> None:
    articles = [list(group) for _, group in groupby(sample, key=lambda s: s.article_id)]
    random.Random(7).shuffle(articles)
    shuffled = aggregate((sentence for article in articles for sentence in article), targets)
    assert replace(shuffled, articles=()) == replace(report, articles=())


def test_outlets_with_the_most_articles_come_first_then_by_name(marked: Marked) -> None:
    stream = [marked("أ", outlet=outlet, article_id=f"{n}") for n, outlet in enumerate("caba")]
    assert [item.outlet for item in aggregate(stream, {}).outlets] == ["a", "b", "c"]


def _loaded_articles(marked: Marked, *counts: tuple[str, str, int]) -> list[Prediction]:
    return [
        marked(" ".join(["{label|مرتزقة}"] * number), outlet=outlet, article_id=name)
        for outlet, name, number in counts
    ]


def test_articles_are_chosen_from_each_outlet_in_turn(marked: Marked) -> None:
    stream = _loaded_articles(
        marked, ("a", "a1", 5), ("a", "a2", 9), ("a", "a3", 5), ("b", "b1", 0), ("c", "c1", 1)
    )
    report = aggregate(stream, {}, max_articles=4)
    chosen = [(item.sentences[0].article_id, item.num_loaded) for item in report.articles]
    assert chosen == [("a2", 9), ("b1", 0), ("c1", 1), ("a1", 5)]


def test_among_equal_articles_the_first_seen_are_shown(marked: Marked) -> None:
    stream = _loaded_articles(marked, *(("a", f"a{number}", 1) for number in range(9)))
    report = aggregate(stream, {}, max_articles=3)
    assert [item.sentences[0].article_id for item in report.articles] == ["a0", "a1", "a2"]


def test_no_articles_need_be_shown(sample: list[Prediction], targets: Targets) -> None:
    report = aggregate(sample, targets, max_articles=0)
    assert (report.articles, report.num_articles) == ((), 8)


def test_memory_does_not_grow_with_the_number_of_sentences(marked: Marked) -> None:
    sentence = marked("{label:sdf|مليشيا} {m:sdf|قسد} تنسحب", ["sdf newsroom against 0.9"])

    def stream(num_articles: int) -> Iterator[Prediction]:
        for number in range(num_articles):
            yield replace(sentence, article_id=str(number))

    def peak(num_articles: int) -> int:
        tracemalloc.start()
        aggregate(stream(num_articles), {}, max_articles=2)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    # Peaks vary by some kilobytes, whatever is read. A reference to each would take 8 bytes.
    assert peak(20_000) < peak(20) + 2 * 20_000


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"category": "slur"}, "'slur' is none of label"),
        ({"voice": "inner"}, "'inner' is none of own"),
        ({"start": 1}, "does not hold the text"),
    ],
)
def test_a_sentence_that_breaks_its_form_is_named(
    marked: Marked, change: dict[str, object], found: str
) -> None:
    sentence = marked("{label|مرتزقة}", article_id="x7", index=4)
    broken = replace(sentence, loaded_terms=(replace(sentence.loaded_terms[0], **change),))
    with pytest.raises(RecordError, match="x7:4") as raised:
        aggregate([broken], {})
    assert found in str(raised.value)
