from __future__ import annotations

from typing import Any

from train.fit.pretrain.card import encoder_card


def record(**changes: Any) -> dict[str, Any]:
    return {
        "encoder": "scratch",
        "parity": "repaired",
        "num_parameters": 7_500_000,
        "tokens_read": 33_000_000,
        "held_out_loss": 4.25,
        "seconds": 5400.0,
        "processes": 2,
        "threads": 1,
        "processor": "a small one",
        "corpus": {
            "articles": 45_478,
            "held_out_articles": 455,
            "copies": 3,
            "words": 19_100_000,
            "train_tokens": 24_100_000,
        },
        "config": {
            "objective": "masked_words",
            "corpus": {"licence": None},
            "training": {
                "batch_tokens": 4096,
                "length": 128,
                "optimizer": "muon",
                "learning_rate": 0.006,
                "schedule": "linear",
            },
        },
        "curve": [{"tokens": 1_650_000, "seconds": 130.0, "held_out_loss": 5.8}],
        **changes,
    }


def test_says_what_it_was_made_of_and_how() -> None:
    card = encoder_card(record())
    for fact in (
        "7.5 million weights",
        "from weights by chance",
        "45,478, of them 455 held out, 3 copies left out",
        "33.0 million, 1.4 readings",
        "4.250",
        "1.50 hours, 2 process(es) with 1 thread(s) on a small one",
        "muon, learning rate 0.006, linear",
        "its licence was not named",
        "| 1.6 | 0.04 | 5.800 |",
    ):
        assert fact in card


def test_names_the_licence_and_what_it_went_on_from() -> None:
    config = record()["config"] | {"corpus": {"licence": "CC0: mine"}}
    card = encoder_card(record(config=config, encoder="models/mine"))
    assert "| text | CC0: mine |" in card
    assert "begun from `models/mine`" in card


def test_whose_text_an_encoder_had_read_goes_on() -> None:
    first = record(config=record()["config"] | {"corpus": {"licence": "CC BY: theirs"}})
    config = record()["config"] | {"corpus": {"licence": "CC0: mine"}, "compared_pairs": 64}
    config |= {"kept_states": 10.0}
    card = encoder_card(
        record(
            config=config,
            encoder="models/theirs",
            before=first,
            curve=[
                {
                    "tokens": 4_000_000,
                    "seconds": 360.0,
                    "held_out_loss": 3.2,
                    "compared_loss": 0.0612,
                    "changed_states": 0.0137,
                }
            ],
        )
    )
    before, _, after = card.partition("## What it went on from")
    assert "| text | CC0: mine |" in before
    assert "64 beside each batch" in before
    assert "| 4.0 | 0.10 | 3.200 | 0.061 | 0.014 |" in before
    assert "with a weight of 10" in before
    assert "configs/comparing.yaml" in before
    assert "configs/pretrain.yaml" in after
    assert "begun from weights by chance" in after
    assert "| text | CC BY: theirs |" in after
    assert "| 1.6 | 0.04 | 5.800 |" in after


def test_a_text_of_the_user_s_is_no_markup() -> None:
    config = record()["config"] | {"corpus": {"licence": "a | b\n<script>"}}
    card = encoder_card(record(config=config))
    assert "<script>" not in card
    assert "a &#124; b &#60;script&#62;" in card
