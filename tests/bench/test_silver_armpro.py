"""Silver loaded terms beside the spans of ArMPro: how far our labels and theirs mean the same."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

from model.records import Article
from model.text.lexicon import Lexicon
from model.text.targets import TargetList
from train.data.annotations import read_annotations
from train.data.silver.label import fit_labeller

PAIRS = {"label": "Name_Calling-Labeling", "emotive": "Loaded_Language"}
Span = tuple[int, int]
SHOWN = 10


def merge(spans: Sequence[Span]) -> list[Span]:
    """Spans without overlaps: credit is summed over pairs, and must not count twice."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def credit(found: Sequence[Span], gold: Sequence[Span]) -> tuple[float, float]:
    """(overlap / |found|, overlap / |gold|) summed over pairs, as SemEval-2020 task 11 scores."""
    precise = recalled = 0.0
    for a, b in found:
        for c, d in gold:
            overlap = max(0, min(b, d) - max(a, c))
            precise += overlap / (b - a)
            recalled += overlap / (d - c)
    return precise, recalled


def test_beside_armpro(data: Path) -> None:
    lexicon = Lexicon.read(Path("seeds/loaded_terms.yaml"))
    labeller = fit_labeller(
        TargetList.read(Path("seeds/targets.yaml")),
        lexicon,
        combination="majority",
        min_confidence=0.6,
        gold=read_annotations(Path("seeds/annotations.jsonl")),
    )
    lines = (data / "data/armpro/spans.jsonl").read_text(encoding="utf-8").splitlines()
    paragraphs = [json.loads(line) for line in lines]
    sums = {name: [0.0, 0.0, 0, 0, 0] for name in (*PAIRS, "both")}
    missed: list[tuple[str, str]] = []
    extra: list[tuple[str, str]] = []
    for number, item in enumerate(paragraphs):
        text = item["paragraph"]
        article = Article(str(number), "o", None, None, "", text, "f")
        terms = [
            (term.category, sentence.start + term.start, sentence.start + term.end)
            for sentence in labeller.label(article, story=str(number))
            for term in sentence.loaded_terms
        ]
        for name in sums:
            ours = PAIRS if name == "both" else {name: PAIRS[name]}
            found = merge([(a, b) for category, a, b in terms if category in ours])
            gold = merge(
                [
                    (span["start"], span["end"])
                    for span in item["labels"]
                    if span["technique"] in ours.values()
                ]
            )
            precise, recalled = credit(found, gold)
            for place, value in enumerate(
                (precise, recalled, len(found), len(gold), len({*found} & {*gold}))
            ):
                sums[name][place] += value
            if name == "both":
                missed += [(text, text[a:b]) for a, b in gold if not credit(found, [(a, b)])[1]]
                extra += [(text, text[a:b]) for a, b in found if not credit([(a, b)], gold)[0]]
    print(f"\n{len(paragraphs)} paragraphs")
    for name, (precise, recalled, num_found, num_gold, num_same) in sums.items():
        print(
            f"{name}: precision {precise / max(1, num_found):.3f}, recall"
            f" {recalled / max(1, num_gold):.3f} (exact {num_same / max(1, num_found):.3f},"
            f" {num_same / max(1, num_gold):.3f}) of {num_found} found, {num_gold} gold"
        )
    draw = random.Random(1)
    for title, errors in (("missed", missed), ("found, not in gold", extra)):
        print(f"{title}: {len(errors)}, {SHOWN} of them")
        for text, span in draw.sample(errors, min(SHOWN, len(errors))):
            place = text.index(span)
            print(f"  [{span}]  … {text[max(0, place - 40) : place + len(span) + 40]} …")
    assert sums["both"][2] > 0
