from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.net.checkpoint import load_checkpoint
from model.net.encoding import TextEncoder
from model.net.network import FramingNetwork, TokenDropout
from model.records import (
    LOADED_CATEGORIES,
    ClassLabel,
    LabelledSentence,
    LoadedTerm,
    Mention,
    Stance,
    TaskSpan,
)
from model.tasks import DEFAULT_TASKS, Task
from train.fit.examples import IGNORED, Collator, Row, RowMaker, balance
from train.fit.losses import loss_sums, total_loss, weight_totals

TEXT = 'يدعم مليشيا "قسد" الانفصالية أمس'
LABEL, SCARE = LOADED_CATEGORIES.index("label"), LOADED_CATEGORIES.index("scare_quotes")
NAMES = {"sdf": "قوات سوريا الديمقراطية"}
SUBJECTIVITY = Task("subjectivity", "classify", ("OBJ", "SUBJ"))
PAIRS = Task("titles", "classify", ("agree", "disagree"), pair=True)
PERSUASION = Task("persuasion", "tag", ("Doubt", "Slogans"))


@pytest.fixture(scope="module")
def encoder(tiny_checkpoint: Path) -> TextEncoder:
    return load_checkpoint(tiny_checkpoint).encoder


@pytest.fixture(scope="module")
def network(tiny_checkpoint: Path) -> FramingNetwork:
    return load_checkpoint(tiny_checkpoint).network


def term(text: str, category: str, confidence: float | None = None) -> LoadedTerm:
    start = TEXT.index(text)
    return LoadedTerm(
        start,
        start + len(text),
        text,
        text,
        category,
        False,
        "own",
        None,
        None,
        confidence,  # type: ignore[arg-type]
    )


def sentence(*stances: Stance) -> LabelledSentence:
    terms = (term("مليشيا", "label"), term('"قسد"', "scare_quotes"), term("الانفصالية", "label"))
    return LabelledSentence("a", 0, "body", 0, len(TEXT), TEXT, (), "o", None, "s", stances, terms)


def stance(label: str | None, confidence: float | None = None) -> Stance:
    start = TEXT.index("قسد")
    mention = Mention(start, start + 3, "قسد", "قسد", "neutral")
    return Stance("sdf", "newsroom", None, (mention,), label, confidence=confidence)  # type: ignore[arg-type]


def make(encoder: TextEncoder, *sentences: LabelledSentence, tasks: tuple[Task, ...]) -> list[Row]:
    return RowMaker(encoder, tasks, NAMES).make(sentences)


def test_tags_stand_on_the_first_token_of_each_word(encoder: TextEncoder) -> None:
    (row,) = make(encoder, sentence(), tasks=DEFAULT_TASKS)
    ((window,),) = encoder.windows([TEXT])
    tags, weights = row.tags["loaded_terms"]
    words = tags[window.first_tokens]
    # يدعم | مليشيا | " | قسد | " | الانفصالية | أمس, with O, B, I as 0, 1, 2
    assert words[:, LABEL].tolist() == [0, 1, 0, 0, 0, 1, 0]
    assert words[:, SCARE].tolist() == [0, 0, 1, 2, 2, 0, 0]
    others = sorted(set(range(len(row))) - set(window.first_tokens))
    assert set(tags[others].flatten().tolist()) == {IGNORED}
    assert not row.classes
    assert set(weights.flatten().tolist()) == {1.0}


def test_a_span_goes_on_in_the_next_window(encoder: TextEncoder) -> None:
    short = TextEncoder(encoder.tokenizer, 8)
    long = replace(sentence(), loaded_terms=(term(TEXT[: TEXT.index(" أمس")], "emotive"),))
    rows = make(short, long, tasks=DEFAULT_TASKS)
    assert len(rows) > 1
    layer = LOADED_CATEGORIES.index("emotive")
    tags = [tag for row in rows for tag in row.tags["loaded_terms"][0][:, layer] if tag != IGNORED]
    assert tags == [1, 2, 2, 2, 2, 2, 0]


def test_a_row_for_each_judged_stance(encoder: TextEncoder) -> None:
    given = sentence(stance("against"), stance(None), stance("favor", confidence=0.5))
    _, against, favor = make(encoder, given, tasks=DEFAULT_TASKS)
    assert (against.classes["stance"], favor.classes["stance"]) == ((1, 1.0), (0, 0.5))
    assert not against.tags
    certain = RowMaker(encoder, DEFAULT_TASKS, NAMES, silver_confidence=False).make([given])
    assert certain[-1].classes["stance"] == (0, 1.0)


def test_a_silver_term_weighs_as_much_as_it_is_sure(encoder: TextEncoder) -> None:
    silver = replace(sentence(), loaded_terms=(term("مليشيا", "label", confidence=0.25),))
    (row,) = make(encoder, silver, tasks=DEFAULT_TASKS)
    tags, weights = row.tags["loaded_terms"]
    assert weights[tags == 1].tolist() == [0.25]
    assert set(weights[tags != 1].tolist()) == {1.0}


def test_sets_of_other_hands_feed_their_own_tasks(encoder: TextEncoder) -> None:
    base = replace(sentence(), loaded_terms=(), dataset="other")
    doubt = TaskSpan("persuasion", 5, 11, TEXT[5:11], "Doubt")
    unasked = TaskSpan("persuasion", 0, 4, TEXT[:4], "Flag_Waving")
    rows = make(
        encoder,
        replace(base, tasks=("persuasion",), spans=(doubt, unasked)),
        replace(base, tasks=("persuasion",)),
        replace(base, tasks=("subjectivity",), classes=(ClassLabel("subjectivity", None, "SUBJ"),)),
        replace(base, tasks=("titles",), classes=(ClassLabel("titles", TEXT, "disagree", 0.7),)),
        replace(base, tasks=("stance",), classes=(ClassLabel("stance", "قسد", "favor"),)),
        tasks=(*DEFAULT_TASKS, SUBJECTIVITY, PAIRS, PERSUASION),
    )
    tagged, empty, subjective, titles, tweet = rows
    assert [sorted(row.tags) for row in rows] == [["persuasion"]] * 2 + [[]] * 3
    assert (tagged.tags["persuasion"][0] == 1).sum() == 1
    assert (empty.tags["persuasion"][0] > 0).sum() == 0
    assert subjective.classes == {"subjectivity": (1, 1.0)}
    assert titles.classes == {"titles": (1, 0.7)}
    assert tweet.classes == {"stance": (0, 1.0)}
    assert titles.token_type_ids.sum() > 0 == subjective.token_type_ids.sum()
    assert {row.dataset for row in rows} == {"other"}


def test_a_task_that_nobody_learns_makes_no_row(encoder: TextEncoder) -> None:
    given = sentence(stance("against"))
    assert len(make(encoder, given, tasks=(DEFAULT_TASKS[0],))) == 1
    assert make(encoder, given, tasks=(SUBJECTIVITY,)) == []


def loss(network: FramingNetwork, rows: list[Row]) -> torch.Tensor:
    collate = Collator(0, network.tasks, balance(rows, network.tasks, "none"))
    batch = collate(rows)
    with torch.inference_mode():
        logits = network(**batch["inputs"])
        sums = loss_sums(logits, batch["labels"], batch["weights"], network.tasks)
        return total_loss(sums, weight_totals(batch["weights"], network.tasks))


def test_padding_changes_no_loss(encoder: TextEncoder, network: FramingNetwork) -> None:
    (row,) = make(encoder, sentence(), tasks=DEFAULT_TASKS)
    long = Row(np.tile(row.input_ids, 2), np.tile(row.token_type_ids, 2), {}, {}, 0, None)
    assert torch.allclose(loss(network, [row]), loss(network, [row, long]), atol=1e-5)


def test_a_weight_of_zero_silences_a_stance(encoder: TextEncoder, network: FramingNetwork) -> None:
    given = sentence(stance("against"), stance("favor"))
    one, other = make(encoder, given, tasks=DEFAULT_TASKS)[1:]
    silent = replace(other, classes={"stance": (0, 0.0)})
    alone = loss(network, [one])
    assert torch.allclose(alone, loss(network, [one, silent]), atol=1e-5)
    assert not torch.allclose(alone, loss(network, [one, other]), atol=1e-5)


def test_rare_labels_weigh_more_and_the_mean_is_one(encoder: TextEncoder) -> None:
    stances = [stance("none")] * 8 + [stance("against")] * 2
    rows = make(encoder, sentence(*stances), tasks=DEFAULT_TASKS)
    assert balance(rows, DEFAULT_TASKS, "none")["stance"].tolist() == [1, 1, 1]
    for mode, ratio in (("balanced", 4.0), ("root", 2.0)):
        weights = balance(rows, DEFAULT_TASKS, mode)["stance"]  # type: ignore[arg-type]
        assert weights[1] / weights[2] == pytest.approx(ratio)
        assert (8 * weights[2] + 2 * weights[1]) / 10 == pytest.approx(1)
        assert weights[0] == 1
    tags = balance(rows, DEFAULT_TASKS, "root")["loaded_terms"]
    assert tags[1] > tags[0]
    batch = Collator(0, DEFAULT_TASKS, balance(rows, DEFAULT_TASKS, "balanced"))(rows)
    against = batch["labels"]["stance"] == 1
    assert set(batch["weights"]["stance"][against].tolist()) == {2.5}
    assert (batch["weights"]["loaded_terms"][batch["labels"]["loaded_terms"] == IGNORED] == 0).all()


def test_token_dropout_spares_special_tokens() -> None:
    drop = TokenDropout(0.5, unknown_id=1, special_ids=[0, 1, 2, 3])
    ids = torch.tensor([[2, *range(10, 60), 3, 0]])
    torch.manual_seed(0)
    dropped = drop(ids)
    assert dropped[0, [0, -2, -1]].tolist() == [2, 3, 0]
    assert 10 < (dropped == 1).sum() < 40
    assert torch.equal(TokenDropout(0.0, 1, [0])(ids), ids)
