"""A stand-in for a large teacher, and articles for it to read: words drawn here by chance."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

from model.records import LabelledSentence, StanceLabel
from tests.small_run import _TARGETS, _TERMS, _WORDS, CONFIG, SmallRun, write_small_dataset
from train.data.dataset import read_dataset, write_dataset
from train.finetune import finetune

_STANCES: dict[str, StanceLabel] = {"مجزرة": "against", "بزعم": "none", "غاشم": "favor"}
"""The loaded term decides the stance, so that there is something to teach."""


def write_classifier(folder: Path, num_train: int, epochs: int) -> SmallRun:
    """A fine-tuned run: its dataset, and a checkpoint that learned the rule from it."""
    folder.mkdir(exist_ok=True)
    run = SmallRun.write(folder, epochs=epochs, save_steps=None, precision="fp32")
    write_small_dataset(run.dir / "dataset", num_train)
    splits = read_dataset(run.dir / "dataset")
    ruled = {name: [_ruled(sentence) for sentence in split] for name, split in splits.items()}
    write_dataset(run.dir / "dataset", ruled, [], {})
    finetune(Path(CONFIG), list(run.settings), quiet=True)
    return run


def write_articles(path: Path, count: int, seed: int = 1) -> Path:
    """Articles of two sentences, each about a target, in lines of JSON."""
    chance = random.Random(seed)
    lines = [
        json.dumps({"outlet": "o", "text": " ".join(_sentence(chance) for _ in range(2))})
        for _ in range(count)
    ]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _ruled(sentence: LabelledSentence) -> LabelledSentence:
    label = _STANCES[sentence.loaded_terms[0].term]
    stances = tuple(replace(stance, label=label) for stance in sentence.stances)
    return replace(sentence, stances=stances)


def _sentence(chance: random.Random) -> str:
    words = chance.choices(_WORDS, k=chance.randint(5, 12))
    target, term = chance.choice(sorted(_TARGETS)), chance.choice(sorted(_TERMS))
    return " ".join([*words[:3], _TARGETS[target], *words[3:], term, "."])
