"""A run as small as one can be: sentences made here by chance, for both tasks of nabra's own."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from model.records import STANCE_LABELS, Category, LabelledSentence, LoadedTerm, Mention, Stance
from tests.sentences import labelled
from train.data.dataset import write_dataset

CONFIG = "configs/quickstart.yaml"
SMALL_ENCODER = {
    "encoder": "scratch",
    "scratch.architecture": "bert",
    "scratch.vocabulary": 300,
    "scratch.layers": 1,
    "scratch.width": 16,
    "scratch.heads": 2,
    "scratch.feed_forward": 32,
}
SETTINGS = {
    **SMALL_ENCODER,
    "training.epochs": 2,
    "training.batch_tokens": 300,
    "training.dropout": 0.2,
    "training.token_dropout": 0.15,
    "training.class_weights": "none",
    "training.learning_rate": 0.01,
    "training.warmup_ratio": 0.1,
    "training.max_length": 32,
    "training.stride": 4,
    "training.save_steps": 3,
}
"""Twelve steps in two epochs, of a network with 16 numbers for a word."""

_TARGETS = {"dam": "هيئة السد", "port": "إدارة الميناء"}
_ABOUT = {"name_en": "-", "conflict": "-", "side": "-"}
_TERMS: dict[str, Category] = {"مجزرة": "emotive", "بزعم": "doubt", "غاشم": "emotive"}
_PREFIXES = ("", "و", "ال", "وال", "ب", "ل")
_STEMS = (
    "أعلنت", "مدينة", "خطة", "اجتماع", "طويل", "وفد", "خبراء", "قالت", "عمل", "يبدأ", "غدا",
    "طريق", "قديم", "جسر", "نهر", "مدرسة", "طبيب", "سوق", "قمح", "مطر", "جبل", "ضوء", "بيت",
    "مصنع", "عمال", "صيف", "شتاء", "كتاب", "رسالة", "سفينة",
)  # fmt: skip
_WORDS = [prefix + stem for prefix in _PREFIXES for stem in _STEMS]


@dataclass(frozen=True)
class SmallRun:
    """The folder of a run, its dataset and lists in it, and its overrides of CONFIG."""

    dir: Path
    settings: tuple[str, ...]

    @classmethod
    def write(cls, folder: Path, **settings: object) -> SmallRun:
        """Make one; settings are those of training."""
        run_dir = folder / "run"
        write_small_dataset(run_dir / "dataset")
        targets = [
            {"id": key, "name": name, "neutral": [name], **_ABOUT} for key, name in _TARGETS.items()
        ]
        terms = [
            {"term": term, "category": category, "polarity": "pejorative", "gloss": "-", "why": "-"}
            for term, category in _TERMS.items()
        ]
        for name, entries in {"targets": targets, "lexicon": terms}.items():
            (folder / f"{name}.yaml").write_text(json.dumps(entries), encoding="utf-8")
        lists = {f"data.{name}": folder / f"{name}.yaml" for name in ("targets", "lexicon")}
        return cls(run_dir, _overrides({"output_dir": run_dir, **lists, **SETTINGS})).but(
            **settings
        )

    def but(self, **settings: object) -> SmallRun:
        """The same run with other settings of training."""
        more = _overrides({f"training.{name}": value for name, value in settings.items()})
        return SmallRun(self.dir, self.settings + more)

    def clear(self) -> None:
        """Leave the dataset alone."""
        for name in ("trainer", "checkpoint", ".checkpoint.building"):
            shutil.rmtree(self.dir / name, ignore_errors=True)
        (self.dir / "metrics.jsonl").unlink(missing_ok=True)

    def result(self) -> tuple[bytes, bytes]:
        """The weights and the metrics that it ended with."""
        weights = self.dir / "checkpoint/model.safetensors"
        return weights.read_bytes(), (self.dir / "metrics.jsonl").read_bytes()

    def checkpoints(self) -> list[Path]:
        """Those to go on from, oldest first."""
        found = (self.dir / "trainer").glob("checkpoint-*")
        return sorted(found, key=lambda path: int(path.name.split("-")[1]))


def write_small_dataset(path: Path, num_train: int = 40, seed: int = 1) -> None:
    """Sentences of 9 to 23 words, each about one target; the same numbers give the same ones."""
    chance = random.Random(seed)
    numbers = {"train": num_train, "validation": 10, "test": 2}
    splits = {
        name: [_sentence(chance, f"{name}{number}") for number in range(count)]
        for name, count in numbers.items()
    }
    write_dataset(path, splits, [], {})


def _overrides(settings: dict[str, object]) -> tuple[str, ...]:
    return tuple(f"{key}={'null' if value is None else value}" for key, value in settings.items())


def _sentence(chance: random.Random, name: str) -> LabelledSentence:
    words = chance.choices(_WORDS, k=chance.randint(6, 20))
    target = chance.choice(sorted(_TARGETS))
    term = chance.choice(sorted(_TERMS))
    before, between = " ".join(words[:3]), " ".join(words[3:])
    named = f"{before} {_TARGETS[target]}"
    text = f"{named} {between} {term}"
    start, end = len(before) + 1, len(named)
    mention = Mention(start, end, text[start:end], _TARGETS[target], "neutral")
    stance = Stance(
        target, "newsroom", None, (mention,), chance.choice(STANCE_LABELS), origin="gold"
    )
    start, end = len(text) - len(term), len(text)
    loaded = LoadedTerm(
        start, end, term, term, _TERMS[term], False, "own", target, None, origin="gold"
    )
    return labelled(text, article_id=name, story=name, stances=(stance,), loaded_terms=(loaded,))
