"""The model card of a pre-trained encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from train.fit.encoder.names import SCRATCH
from train.fit.records.markdown import code, plain, table

Record = Mapping[str, Any]
_KINDS = {
    "masked_words": "A masked-language model",
    "replaced_tokens": "An encoder that tells which words were replaced, as ELECTRA does,",
}
_MEASURES = {
    "masked_words": "nats for each masked token, 15% masked",
    "replaced_tokens": "nats for judging a token, 15% masked and guessed by a smaller network",
}


def encoder_card(record: Record) -> str:
    """What the encoder is, what it was made of and how, and what it is not good for."""
    return "\n\n".join(_parts(record)) + "\n"


def _parts(record: Record) -> Iterator[str]:
    config = record["config"]
    training, corpus = config["training"], record["corpus"]
    name = record["encoder"]
    begun = "from weights by chance" if name == SCRATCH else f"from {code(name)}"
    yield "# An Arabic encoder, trained by `nabra pretrain`"
    yield (
        f"{_KINDS[config['objective']]} of {record['num_parameters'] / 1e6:.1f} million weights, "
        f'begun {begun}. It reads text as `model.normalize(text, parity="{record["parity"]}")` '
        "gives it; fine-tune it by `nabra finetune`, with this folder as `encoder`."
    )
    yield "## How it was made"
    rows = {
        "text": plain(config["corpus"]["licence"] or "its licence was not named"),
        "articles": f"{corpus['articles']:,}, of them {corpus['held_out_articles']:,} held out, "
        f"{corpus['copies']:,} copies left out",
        "words": f"{corpus['words'] / 1e6:.1f} million",
        "tokens in one reading": f"{corpus['train_tokens'] / 1e6:.1f} million",
        "tokens read": f"{record['tokens_read'] / 1e6:.1f} million, "
        f"{record['tokens_read'] / corpus['train_tokens']:.1f} readings",
        "loss on held-out articles": f"{record['held_out_loss']:.3f} "
        f"({_MEASURES[config['objective']]})",
        "time": f"{record['seconds'] / 3600:.2f} hours, {record['processes']} process(es) with "
        f"{record['threads']} thread(s) on {plain(record['processor'])}",
        "batch": f"{training['batch_tokens']:,} tokens, sequences of {training['length']}",
        "optimizer": f"{training['optimizer']}, learning rate {training['learning_rate']:g}, "
        f"{training['schedule']}",
    }
    if pairs := config["compared_pairs"]:
        rows["clauses compared"] = f"with versions of themselves, {pairs} beside each batch"
    yield table(("", ""), rows.items())
    yield (
        "By `nabra pretrain configs/pretrain.yaml`, or a config like it: the whole config, hashes "
        "and versions stand in `pretraining.json`."
    )
    yield "## The held-out loss"
    yield table(
        ("million tokens", "hours", "loss"),
        (
            (
                f"{point['tokens'] / 1e6:.1f}",
                f"{point['seconds'] / 3600:.2f}",
                f"{point['held_out_loss']:.3f}",
            )
            for point in record["curve"]
        ),
    )
    yield "## Limits"
    yield (
        "It has read what these articles hold and nothing else: their outlets, years, subjects and "
        "their ways of naming people. It knows no dialect that they do not hold. What it learned "
        "of who stands beside which word is the corpus's framing, not a fact."
    )
