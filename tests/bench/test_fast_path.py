"""The fast way of prediction beside fp32, on a checkpoint that has learnt: what differs where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from model import Prediction, load, read_articles
from model.net.light_layers import is_fast_in_bf16
from model.records import Stance

NUM_ARTICLES = int(os.environ.get("NABRA_BENCH_ARTICLES", "2000"))
CHECKPOINT = Path(os.environ.get("NABRA_BENCH_CHECKPOINT", "runs/quickstart/checkpoint"))
LISTED = 20
NEAR_TIE = 0.02  # between the two likeliest labels, in fp32

Span = tuple[int, int, int, str]


@pytest.fixture(scope="module")
def both(data: Path) -> tuple[list[Prediction], list[Prediction]]:
    if not CHECKPOINT.is_dir():
        pytest.skip(f"no checkpoint at {CHECKPOINT}: run make quickstart first")
    if not is_fast_in_bf16():
        pytest.skip("this machine predicts in fp32 alone")
    source = data / "data/saudinewsnet/sample.jsonl"
    articles = list(islice(read_articles(source), NUM_ARTICLES))
    plain, fast = (load(CHECKPOINT, precision) for precision in ("fp32", "bf16"))
    return plain.predict(articles), fast.predict(articles)


def _stances(predictions: list[Prediction]) -> list[Stance]:
    return [stance for prediction in predictions for stance in prediction.stances]


def margin(stance: Stance) -> float:
    """How far the likeliest label is ahead of the next."""
    assert stance.scores is not None
    first, second, *_ = sorted(stance.scores.values(), reverse=True)
    return first - second


def test_stances(both: tuple[list[Prediction], list[Prediction]]) -> None:
    pairs = list(zip(*map(_stances, both), strict=True))
    moved = [(one, other) for one, other in pairs if one.label != other.label]
    print(f"\n{len(pairs)} stances, {len(moved)} with another label: "
          f"{1 - len(moved) / len(pairs):.2%} equal")  # fmt: skip
    for one, other in moved[:LISTED]:
        print(f"  {one.target}: {one.label} → {other.label}, margin {margin(one):.4f} in fp32")
    assert len(moved) <= 0.005 * len(pairs)
    assert all(margin(one) < NEAR_TIE for one, _ in moved)


def _spans(predictions: list[Prediction]) -> dict[Span, float]:
    return {
        (number, term.start, term.end, term.category): float(term.confidence or 0)
        for number, prediction in enumerate(predictions)
        for term in prediction.loaded_terms
    }


def _moved(ours: dict[Span, float], theirs: dict[Span, float]) -> Iterator[str]:
    for span in sorted({*ours} ^ {*theirs}):
        where = "fp32" if span in ours else "bf16"
        confidence = ours.get(span, theirs.get(span, 0.0))
        place = f"sentence {span[0]}, [{span[1]}, {span[2]}) {span[3]}"
        yield f"  {place}: only in {where}, {confidence:.3f}"


def test_spans(both: tuple[list[Prediction], list[Prediction]]) -> None:
    ours, theirs = map(_spans, both)
    f1 = 2 * len({*ours} & {*theirs}) / (len(ours) + len(theirs))
    print(f"\n{len(ours)} spans in fp32, {len(theirs)} in bf16: F1 {f1:.4f}")
    print(*islice(_moved(ours, theirs), LISTED), sep="\n")
    assert f1 >= 0.995
