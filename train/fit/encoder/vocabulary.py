"""What a tokenizer makes of the training texts: how much of them it does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST_UNKNOWN = 0.01  # a share of unknown tokens above this is worth a warning
_NUM_SHOWN = 10
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class VocabularyFit:
    """Counts over all words of the texts; `top_unknown`: the words with unknown tokens, commonest
    first, ten at most.
    """

    num_words: int
    num_tokens: int
    num_unknown: int
    unknown_share: float
    tokens_per_word: float
    top_unknown: tuple[str, ...]


def measure_vocabulary(tokenizer: Any, views: Sequence[str]) -> VocabularyFit:
    """How the tokenizer splits normalised texts, word by word as the network reads them.

    The placeholders are to be registered before. Shares are 0 where there are no words.
    """
    counts = Counter(word for view in views for word in view.split())
    words = list(counts)
    num_tokens = num_unknown = 0
    unknown: Counter[str] = Counter()
    for start in range(0, len(words), _BATCH):
        batch = words[start : start + _BATCH]
        encoded = tokenizer(
            [[word] for word in batch],
            is_split_into_words=True,
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        for word, ids in zip(batch, encoded["input_ids"], strict=True):
            strange = ids.count(tokenizer.unk_token_id)
            num_tokens += counts[word] * len(ids)
            num_unknown += counts[word] * strange
            if strange:
                unknown[word] = counts[word]
    num_words = counts.total()
    return VocabularyFit(
        num_words=num_words,
        num_tokens=num_tokens,
        num_unknown=num_unknown,
        unknown_share=num_unknown / num_tokens if num_tokens else 0.0,
        tokens_per_word=num_tokens / num_words if num_words else 0.0,
        top_unknown=tuple(
            sorted(unknown, key=lambda word: (-unknown[word], word))[:_NUM_SHOWN],
        ),
    )


def warning(fit: VocabularyFit) -> str | None:
    """What to tell the user where more than a hundredth of the tokens is unknown; else None."""
    if fit.unknown_share <= MOST_UNKNOWN:
        return None
    return (
        f"the encoder's tokenizer does not know {fit.unknown_share:.1%} of the training texts' "
        f"tokens ({fit.num_unknown:,} of {fit.num_tokens:,}), most often in: "
        f"{'، '.join(fit.top_unknown)}; take an encoder that was trained on Arabic, and try "
        "parity: repaired, which mends letters that AraBERT drops"
    )
