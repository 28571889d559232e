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

BESIDE = {"compared_loss": "of compared clauses", "changed_states": "change of states"}
"""What is measured besides the held-out loss, by its key in the curve, and what it is called."""


def encoder_card(record: Record) -> str:
    """What the encoder is, what it was made of and how, and what it is not good for."""
    return "\n\n".join(_parts(record)) + "\n"


def _parts(record: Record) -> Iterator[str]:
    objective = record["config"]["objective"]
    yield "# An Arabic encoder, trained by `nabra pretrain`"
    yield (
        f"{_KINDS[objective]} of {record['num_parameters'] / 1e6:.1f} million weights, "
        f'begun {_begun(record)}. It reads text as `model.normalize(text, parity="'
        f'{record["parity"]}")` gives it; fine-tune it by `nabra finetune`, with this folder as '
        "`encoder`."
    )
    yield "## How it was made"
    yield table(("", ""), _rows(record))
    yield (
        f"By {_command(record)}, or a config like it: the whole config, hashes and versions stand "
        "in `pretraining.json`."
    )
    yield "## The held-out loss"
    yield _curve(record)
    while record := record.get("before") or {}:
        yield "## What it went on from"
        yield (
            f"An encoder of the same kind, begun {_begun(record)}; by {_command(record)}, or a "
            "config like it."
        )
        yield table(("", ""), _rows(record))
        yield _curve(record)
    yield "## Limits"
    yield (
        "It has read what these articles hold and nothing else: their outlets, years, subjects and "
        "their ways of naming people. It knows no dialect that they do not hold. What it learned "
        "of who stands beside which word is the corpus's framing, not a fact."
    )


def _begun(record: Record) -> str:
    name = record["encoder"]
    return "from weights by chance" if name == SCRATCH else f"from {code(name)}"


def _command(record: Record) -> str:
    name = "comparing" if record["config"].get("kept_states") else "pretrain"
    return f"`nabra pretrain configs/{name}.yaml`"


def _rows(record: Record) -> Iterator[tuple[str, str]]:
    config, corpus = record["config"], record["corpus"]
    training = config["training"]
    yield "text", plain(config["corpus"]["licence"] or "its licence was not named")
    yield (
        "articles",
        f"{corpus['articles']:,}, of them {corpus['held_out_articles']:,} held out, "
        f"{corpus['copies']:,} copies left out",
    )
    yield "words", f"{corpus['words'] / 1e6:.1f} million"
    yield "tokens in one reading", f"{corpus['train_tokens'] / 1e6:.1f} million"
    yield (
        "tokens read",
        f"{record['tokens_read'] / 1e6:.1f} million, "
        f"{record['tokens_read'] / corpus['train_tokens']:.1f} readings",
    )
    yield (
        "loss on held-out articles",
        f"{record['held_out_loss']:.3f} ({_MEASURES[config['objective']]})",
    )
    yield (
        "time",
        f"{record['seconds'] / 3600:.2f} hours, {record['processes']} process(es) with "
        f"{record['threads']} thread(s) on {plain(record['processor'])}",
    )
    yield "batch", f"{training['batch_tokens']:,} tokens, sequences of {training['length']}"
    yield (
        "optimizer",
        f"{training['optimizer']}, learning rate {training['learning_rate']:g}, "
        f"{training['schedule']}",
    )
    if pairs := config.get("compared_pairs"):
        yield "clauses compared", f"with versions of themselves, {pairs} beside each batch"
    if weight := config.get("kept_states"):
        yield "states", f"kept as the encoder before had them, with a weight of {weight:g}"


def _curve(record: Record) -> str:
    curve = record["curve"]
    beside = [name for name in BESIDE if all(name in point for point in curve)]
    return table(
        ("million tokens", "hours", "loss", *(BESIDE[name] for name in beside)),
        (
            (
                f"{point['tokens'] / 1e6:.1f}",
                f"{point['seconds'] / 3600:.2f}",
                *(f"{point[name]:.3f}" for name in ("held_out_loss", *beside)),
            )
            for point in curve
        ),
    )
