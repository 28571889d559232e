from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from model.net.checkpoint import load_checkpoint
from model.net.encoding import TextEncoder
from model.net.network import IGNORED, FramingNetwork
from model.records import LOADED_CATEGORIES, LabelledSentence, LoadedTerm, Mention, Stance
from train.fit.examples import Collator, TokenDropout, make_rows

TEXT = 'يدعم مليشيا "قسد" الانفصالية أمس'
LABEL, SCARE = LOADED_CATEGORIES.index("label"), LOADED_CATEGORIES.index("scare_quotes")
NAMES = {"sdf": "قوات سوريا الديمقراطية"}


@pytest.fixture(scope="module")
def checkpoint_network(tiny_checkpoint: Path) -> tuple[TextEncoder, FramingNetwork]:
    checkpoint = load_checkpoint(tiny_checkpoint)
    return checkpoint.encoder, checkpoint.network


def term(text: str, category: str) -> LoadedTerm:
    start = TEXT.index(text)
    return LoadedTerm(start, start + len(text), text, text, category, False, "own", None, None)  # type: ignore[arg-type]


def sentence(*stances: Stance) -> LabelledSentence:
    terms = (term("مليشيا", "label"), term('"قسد"', "scare_quotes"), term("الانفصالية", "label"))
    return LabelledSentence("a", 0, "body", 0, len(TEXT), TEXT, (), "o", None, "s", stances, terms)


def stance(label: str | None, confidence: float | None = None) -> Stance:
    start = TEXT.index("قسد")
    mention = Mention(start, start + 3, "قسد", "قسد", "neutral")
    return Stance("sdf", "newsroom", None, (mention,), label, confidence=confidence)  # type: ignore[arg-type]


def test_tags_stand_on_the_first_token_of_each_word(
    checkpoint_network: tuple[TextEncoder, FramingNetwork],
) -> None:
    encoder, _ = checkpoint_network
    (row,) = make_rows([sentence()], encoder, NAMES)
    ((window,),) = encoder.windows([TEXT])
    words = [row["tag_labels"][token] for token in window.first_tokens]
    # يدعم | مليشيا | " | قسد | " | الانفصالية | أمس, with O, B, I as 0, 1, 2
    assert [labels[LABEL] for labels in words] == [0, 1, 0, 0, 0, 1, 0]
    assert [labels[SCARE] for labels in words] == [0, 0, 1, 2, 2, 0, 0]
    others = set(range(len(row["input_ids"]))) - set(window.first_tokens)
    assert all(set(row["tag_labels"][token]) == {IGNORED} for token in others)
    assert row["stance_labels"] == IGNORED


def test_a_row_for_each_judged_stance(
    checkpoint_network: tuple[TextEncoder, FramingNetwork],
) -> None:
    encoder, _ = checkpoint_network
    given = sentence(stance("against"), stance(None), stance("favor", confidence=0.5))
    _, against, favor = make_rows([given], encoder, NAMES)
    assert (against["stance_labels"], favor["stance_labels"]) == (1, 0)
    assert (against["stance_weights"], favor["stance_weights"]) == (1.0, 0.5)
    assert {label for labels in against["tag_labels"] for label in labels} == {IGNORED}


def test_padding_changes_no_loss(checkpoint_network: tuple[TextEncoder, FramingNetwork]) -> None:
    encoder, network = checkpoint_network
    rows = make_rows([sentence(stance("against"))], encoder, NAMES)
    collate = Collator(encoder.tokenizer.pad_token_id)
    with torch.inference_mode():
        alone = network(**collate(rows[:1]))["loss"]
        long = {**rows[0], "stance_labels": IGNORED}
        long = {key: value * 2 if isinstance(value, list) else value for key, value in long.items()}
        long["tag_labels"] = [[IGNORED] * len(LOADED_CATEGORIES)] * len(long["input_ids"])
        beside = network(**collate([rows[0], long]))["loss"]
    assert torch.allclose(alone, beside, atol=1e-5)


def test_a_weight_of_zero_silences_a_stance(
    checkpoint_network: tuple[TextEncoder, FramingNetwork],
) -> None:
    encoder, network = checkpoint_network
    collate = Collator(encoder.tokenizer.pad_token_id)
    one, other = make_rows([sentence(stance("against"), stance("favor"))], encoder, NAMES)[1:]
    with torch.inference_mode():
        alone = network(**collate([one]))["loss"]
        silenced = network(**collate([one, {**other, "stance_weights": 0.0}]))["loss"]
        both = network(**collate([one, other]))["loss"]
    assert torch.allclose(alone, silenced, atol=1e-5)
    assert not torch.allclose(alone, both, atol=1e-5)


def test_token_dropout_spares_special_tokens_and_labels() -> None:
    tokenizer = SimpleNamespace(unk_token_id=1, all_special_ids=[0, 1, 2, 3])
    row = {"input_ids": [2, *range(10, 60), 3], "stance_labels": 0}
    torch.manual_seed(0)
    (dropped,) = TokenDropout([row], 0.5, tokenizer)
    assert (dropped["input_ids"][0], dropped["input_ids"][-1]) == (2, 3)
    assert 10 < dropped["input_ids"].count(1) < 40
    assert row["input_ids"][1:-1] == list(range(10, 60))
    (kept,) = TokenDropout([row], 0.0, tokenizer)
    assert kept == row
