"""A scorecard over 100,000 labelled sentences: how long it takes beyond prediction, in what memory.

The sentences are synthetic: words in an order drawn by chance, labels and answers drawn by chance,
too. The work runs in a process of its own, so that its peak memory is its own. Seconds are those of
the processor, on one thread: a busy machine would measure its other work.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.records import (
    LOADED_CATEGORIES,
    STANCE_LABELS,
    LabelledSentence,
    LoadedTerm,
    Mention,
    Stance,
)
from model.text.targets import TargetList
from train.facets import make_facets
from train.score.outputs import SystemOutput
from train.score.reading import build_reading
from train.score.render import to_html, to_markdown
from train.score.scorecard import DatasetFacts, Scorecard, count_split

ROOT = Path(__file__).parents[2]
NUM_SENTENCES = 100_000
NUM_STORIES = 20_000
NUM_OUTLETS = 24
MAX_SECONDS = 120
MAX_BYTES = 2 * 2**30
WRONG = {"nabra": 0.25, "tfidf": 0.4, "lexicon": 0.5}
"""The share of its answers that each system gets wrong."""

WORDS = (
    "قال المتحدث إن القوات دخلت البلدة فجر اليوم بعد معارك استمرت ساعات في محيط المدينة وسط قصف "
    "متواصل ونزوح مئات العائلات نحو الريف الشمالي بينما أعلنت مصادر طبية سقوط جرحى هجوم سافر غاشم "
    "مليشيا مرتزقة مجزرة باسلة ملحمة مزعوم تحييد"
)


def make_sentences(num_sentences: int, targets: Sequence[str]) -> list[LabelledSentence]:
    """Sentences of 12 to 40 words; most name a target, and every second one is loaded."""
    chance = random.Random(0)
    made = []
    for number in range(num_sentences):
        words = chance.choices(WORDS.split(), k=chance.randint(12, 40))
        text = " ".join(words)
        story = number * NUM_STORIES // NUM_SENTENCES
        stances = tuple(
            Stance(
                target,
                chance.choice(("newsroom", "newsroom", "source")),
                None,
                (Mention(0, len(words[0]), words[0], words[0], "neutral"),),
                chance.choice(STANCE_LABELS),
                origin="gold",
            )
            for target in chance.sample(targets, chance.choice((0, 1, 1, 1, 2)))
        )
        made.append(
            LabelledSentence(
                f"article-{story}", number, "body", 0, len(text), text, (),
                f"outlet {story % NUM_OUTLETS}", f"2024-{story % 12 + 1:02}-01", f"story-{story}",
                stances, tuple(draw_terms(chance, words, chance.choice((0, 0, 1, 2)))),
            )
        )  # fmt: skip
    return made


def draw_terms(chance: random.Random, words: Sequence[str], count: int) -> list[LoadedTerm]:
    found = []
    for place in sorted(chance.sample(range(len(words) - 2), count)):
        start = sum(len(word) + 1 for word in words[:place])
        text = " ".join(words[place : place + chance.randint(1, 2)])
        category = chance.choice(LOADED_CATEGORIES)
        found.append(
            LoadedTerm(
                start, start + len(text), text, text, category, chance.random() < 0.2, "own",
                None, None, origin="gold",
            )
        )  # fmt: skip
    return found


def answer(gold: Sequence[LabelledSentence], wrong: float, seed: int) -> list[SystemOutput]:
    """Answers with scores, of which about the share `wrong` errs."""
    chance = random.Random(seed)
    outputs = []
    for sentence in gold:
        labels, scores = [], []
        for stance in sentence.stances:
            label = chance.choice(STANCE_LABELS) if chance.random() < wrong else str(stance.label)
            sure = chance.uniform(0.4, 1)
            labels.append(label)
            scores.append({x: sure if x == label else (1 - sure) / 2 for x in STANCE_LABELS})
        words = sentence.text.split()
        terms = [
            LoadedTerm(
                t.start, t.end, t.text, t.term, t.category, t.weak, t.voice, None, None,
                confidence=chance.uniform(0.5, 1),
            )
            for t in sentence.loaded_terms
            if chance.random() >= wrong
        ]  # fmt: skip
        if chance.random() < wrong:
            terms += [
                LoadedTerm(
                    t.start, t.end, t.text, t.term, t.category, t.weak, t.voice, None, None,
                    confidence=chance.uniform(0.5, 1),
                )
                for t in draw_terms(chance, words, 1)
            ]  # fmt: skip
        outputs.append(SystemOutput(tuple(labels), tuple(terms), scores=tuple(scores)))
    return outputs


def clocks() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def since(start: tuple[float, float]) -> tuple[float, float]:
    processor, clock = clocks()
    return processor - start[0], clock - start[1]


def measure(folder: Path) -> dict[str, Any]:
    """Seconds of each step (processor, then clock), sizes of what it wrote, memory before and at
    its peak."""
    targets = TargetList.read(ROOT / "seeds/targets.yaml").targets
    gold = make_sentences(NUM_SENTENCES, sorted(targets))
    outputs = {name: answer(gold, wrong, seed) for seed, (name, wrong) in enumerate(WRONG.items())}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    seconds = {}
    start = clocks()
    reading = build_reading("test", gold, outputs, facets=make_facets(targets, gold[:1000]))
    card = Scorecard(DatasetFacts("0" * 64, (count_split("test", gold),)), {}, (reading,))
    seconds["reading"] = since(start)
    for suffix, write in {
        "html": to_html,
        "md": to_markdown,
        "json": lambda card: json.dumps(card.to_dict(), ensure_ascii=False),
    }.items():
        start = clocks()
        (folder / f"scorecard.{suffix}").write_text(write(card), encoding="utf-8")
        seconds[suffix] = since(start)
    return {
        "seconds": seconds,
        "bytes": {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
        "before": before,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def test_a_scorecard_of_100_000_sentences(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, __file__, str(tmp_path)],
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}
        | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(f"\n{NUM_SENTENCES} synthetic sentences, {NUM_STORIES} stories, {len(WRONG)} systems")
    in_all = [sum(taken) for taken in zip(*found["seconds"].values(), strict=True)]
    for step, (processor, clock) in (found["seconds"] | {"in all": in_all}).items():
        print(f"  {step:8} {processor:6.1f} s of the processor, {clock:6.1f} s by the clock")
    for name, size in found["bytes"].items():
        print(f"  {name:16} {size / 2**20:6.1f} MiB")
    print(
        f"  peak memory {found['peak'] / 2**20:.0f} MiB, inputs {found['before'] / 2**20:.0f} MiB"
    )
    assert in_all[0] < MAX_SECONDS
    assert found["peak"] < MAX_BYTES


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
