from __future__ import annotations

from typing import Any

import pytest

from model.net.encoding import register_placeholders
from model.text.normalize import PLACEHOLDERS, normalize
from tests.conftest import TEXTS
from train.fit.encoder.compact import train_tokenizer
from train.fit.encoder.vocabulary import VocabularyFit, measure_vocabulary, warning


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    made = train_tokenizer([normalize(text).text for text in TEXTS], 300)
    register_placeholders(made)
    return made


def test_its_own_texts_are_known(tokenizer: Any) -> None:
    views = [normalize(text).text for text in TEXTS]
    fit = measure_vocabulary(tokenizer, views)
    assert fit.num_words == sum(len(view.split()) for view in views)
    assert fit.num_unknown == 0
    assert fit.tokens_per_word == fit.num_tokens / fit.num_words >= 1
    assert warning(fit) is None


def test_counts_each_time_that_a_word_comes(tokenizer: Any) -> None:
    """A word with a strange letter is one unknown token: BERT's pieces are all or nothing."""
    fit = measure_vocabulary(tokenizer, ["زار 7 زار", "7 Q", "زار"])
    assert (fit.num_words, fit.num_unknown) == (6, 3)
    assert fit.top_unknown == ("7", "Q")
    assert fit.unknown_share == fit.num_unknown / fit.num_tokens


def test_counts_as_the_network_reads(tokenizer: Any) -> None:
    views = ["زار الوزير 7 7 Q", "العاصمة أمس"]
    ids = tokenizer(views, add_special_tokens=False)["input_ids"]
    flat = [token for row in ids for token in row]
    fit = measure_vocabulary(tokenizer, views)
    assert fit.num_tokens == len(flat)
    assert fit.num_unknown == flat.count(tokenizer.unk_token_id) > 0


def test_placeholders_are_one_known_token(tokenizer: Any) -> None:
    fit = measure_vocabulary(tokenizer, [" ".join(PLACEHOLDERS)])
    assert (fit.num_words, fit.num_tokens, fit.num_unknown) == (3, 3, 0)


def test_ten_words_are_named_the_commonest_first(tokenizer: Any) -> None:
    fit = measure_vocabulary(tokenizer, ["9 8 9 " + " ".join("QWERTYUIOP")])
    assert fit.top_unknown == ("9", "8", *"EIOPQRTU")


@pytest.mark.parametrize("views", [[], [""], ["  "]])
def test_no_texts(tokenizer: Any, views: list[str]) -> None:
    assert measure_vocabulary(tokenizer, views) == VocabularyFit(0, 0, 0, 0.0, 0.0, ())


def test_a_tokenizer_of_bytes_knows_everything() -> None:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    made = ByteLevelBPETokenizer()
    made.train_from_iterator(TEXTS, vocab_size=300)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=made._tokenizer)
    fit = measure_vocabulary(wrapped, ["灣 7 زار"])
    assert fit.num_unknown == 0 < fit.num_tokens


@pytest.mark.parametrize(("num_unknown", "warns"), [(10, False), (11, True)])
def test_warns_above_a_hundredth(num_unknown: int, warns: bool) -> None:
    fit = VocabularyFit(900, 1000, num_unknown, num_unknown / 1000, 1.1, ("ڤيينا", "گاز"))
    said = warning(fit)
    assert (said is not None) is warns
    if said:
        assert "1.1% of the training texts' tokens (11 of 1,000)" in said
        assert "ڤيينا، گاز" in said
        assert "parity: repaired" in said
