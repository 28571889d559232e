"""Is an encoder worth its training? Beside the same network by chance, and beside TF-IDF.

`NABRA_BENCH_ENCODER` names another encoder than the embedded one, `NABRA_BENCH_SETS` some of the
sets, `NABRA_BENCH_SHARES` other shares of the training stories than all of them,
`NABRA_BENCH_SET` overrides of the configs, `NABRA_BENCH_SEEDS` another number of seeds than three.
What was counted is kept in the folder `NABRA_BENCH_KEEP`, and not counted again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoModel, set_seed

from model.records import LabelledSentence
from tests.bench.trainings import Result, count, fit_classifier, prepared
from train.config import Run
from train.contest import rival_outputs
from train.data.dataset import read_dataset
from train.data.split import grouped_folds
from train.fit.checkpoints import hash_sentences
from train.fit.encoder.start import start_encoder
from train.given import read_beside_articles
from train.judging import label_gold
from train.score.counts import IntArray
from train.settings import OWN
from train.steps import encoder_hash

SEEDS = range(1, 1 + int(os.environ.get("NABRA_BENCH_SEEDS", "3")))
FOLDS = 5
ENCODER, CHANCE, TFIDF = "encoder", "by chance", "tfidf"
Sentences = Sequence[LabelledSentence]
Fold = tuple[Sentences, Sentences]
"""What a system learns from, and what it is asked."""
Counts = dict[str, IntArray]


def as_given(run: Run, _: Path) -> list[Fold]:
    """The set's own division: its training and its test file."""
    splits = read_dataset(run.dataset_dir)
    return [([*splits["train"], *splits["validation"]], splits["test"])]


def by_story(run: Run, _: Path) -> list[Fold]:
    """Folds over all stories: of own articles, of a set's pages."""
    every = [s for split in read_dataset(run.dataset_dir).values() for s in split]
    folds = grouped_folds(every, FOLDS, run.config.split.seed)
    return [([s for other in folds if other is not fold for s in other], fold) for fold in folds]


def real_gold(run: Run, data: Path) -> list[Fold]:
    """All seeds, then the half of the real news that may be looked at."""
    every = [s for split in read_dataset(run.dataset_dir).values() for s in split]
    articles = [str(data / "data/saudinewsnet")]
    gold = read_beside_articles(Path("seeds/real_gold.jsonl"), articles, "dev", run.lists[1])
    return [(every, gold.gold)]


@dataclass(frozen=True, slots=True)
class Kind:
    """A config, and how its sentences are divided."""

    config: str
    divide: Callable[[Run, Path], list[Fold]]


SETS = {
    "checkthat": Kind("checkthat", as_given),
    "ans": Kind("ans", as_given),
    "seeds": Kind("quickstart", by_story),
    "real gold": Kind("quickstart", real_gold),
    "mawqif": Kind("mawqif", by_story),
    "armpro": Kind("armpro", by_story),
}


def chosen(variable: str, otherwise: Sequence[str]) -> list[str]:
    """The parts of a variable of the environment that commas divide."""
    return [part for part in os.environ.get(variable, "").split(",") if part] or list(otherwise)


@pytest.mark.parametrize("name", chosen("NABRA_BENCH_SETS", list(SETS)))
@pytest.mark.parametrize("share", chosen("NABRA_BENCH_SHARES", ["1.0"]))
def test_an_encoder_beside_chance_and_tfidf(
    name: str, share: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NABRA_DATA", str(data))
    kind = SETS[name]
    encoder = os.environ.get("NABRA_BENCH_ENCODER", "embedded")
    changes = [f"encoder={encoder}", *os.environ.get("NABRA_BENCH_SET", "").split()]
    run = prepared(f"configs/{kind.config}.yaml", tmp_path, changes)
    folds = [(share_of(train, float(share)), test) for train, test in kind.divide(run, data)]
    systems = {
        ENCODER: trained(run, folds, SEEDS),
        CHANCE: trained(with_encoder(run, by_chance(run, tmp_path)), folds, SEEDS),
        TFIDF: of_tfidf(run, folds, own=name in ("seeds", "real gold")),
    }
    num_labels = sum(len(train) for train, _ in folds) // len(folds)
    print(f"\n{name}, {float(share):.0%} of the stories: {num_labels} sentences to learn from")
    ours = systems[ENCODER]
    for measure in ours.counts:
        figures = " ".join(f"{figure:.3f}" for figure in ours.figures(measure))
        print(f"  {measure}: {ours.figure(measure):.3f} (seeds {figures})")
        for rival in (CHANCE, TFIDF):
            theirs = systems[rival]
            lead, interval = ours.lead_over(theirs, measure)
            print(
                f"    {rival:10} {theirs.figure(measure):.3f}, the encoder {lead:+.3f} "
                f"[{interval.low:+.3f}, {interval.high:+.3f}], {interval.num_stories} stories"
            )


def share_of(train: Sentences, share: float) -> Sentences:
    """Whole stories by a draw, until they hold this share of the sentences."""
    stories = list(dict.fromkeys(sentence.story for sentence in train))
    kept: set[str] = set()
    found = 0
    sizes = dict.fromkeys(stories, 0)
    for sentence in train:
        sizes[sentence.story] += 1
    for number in np.random.default_rng(0).permutation(len(stories)):
        if found >= share * len(train):
            break
        kept.add(stories[number])
        found += sizes[stories[number]]
    return [sentence for sentence in train if sentence.story in kept]


def with_encoder(run: Run, encoder: Path) -> Run:
    """The same run from another encoder."""
    return Run(run.path, run.config.model_copy(update={"encoder": str(encoder)}))


def by_chance(run: Run, folder: Path) -> Path:
    """The run's encoder with its tokenizer, but weights as they are before any training."""
    place = folder / "chance"
    if not place.exists():
        settings = run.config.training
        started = start_encoder(
            run.config.encoder,
            scratch=run.config.scratch,
            views=[],
            max_length=settings.max_length,
            dropout=settings.dropout,
        )
        set_seed(1)
        network = AutoModel.from_config(started.encoder.config)
        network.save_pretrained(place)
        started.tokenizer.save_pretrained(place)
    return place


def trained(run: Run, folds: Sequence[Fold], seeds: Sequence[int]) -> Result:
    """The counts of the run's classifier by seed, over all folds."""

    return to_result([[train_and_ask(run, fold, seed) for fold in folds] for seed in seeds])


def of_tfidf(run: Run, folds: Sequence[Fold], own: bool) -> Result:
    """TF-IDF of characters and words with logistic regression, as often as there are seeds."""
    name = OWN if own else next(iter(run.config.datasets))
    counts = []
    for train, test in folds:
        outputs = rival_outputs(run, name, train, test, {TFIDF})[TFIDF]
        counts.append(count(test, outputs, run.config.task_list))
    return to_result([counts] * len(SEEDS))


def to_result(by_seed: Sequence[Sequence[Counts]]) -> Result:
    """Counts of each seed and fold as one: the stories of all folds are different ones."""
    counts = {
        measure: np.stack([np.concatenate([one[measure] for one in folds]) for folds in by_seed])
        for measure in by_seed[0][0]
    }
    return Result(counts, [])


def train_and_ask(run: Run, fold: Fold, seed: int) -> Counts:
    """What the run's classifier gets right; or got right of the same fold by this seed before."""
    folder = os.environ.get("NABRA_BENCH_KEEP")
    config = run.config.model_dump(mode="json", exclude={"output_dir": True, "encoder": True})
    parts = [
        config,
        encoder_hash(run.config.encoder),
        [hash_sentences(held) for held in fold],
        seed,
    ]
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
    path = Path(folder or "", f"{key}.npz")
    if folder and path.exists():
        with np.load(path) as found:
            return dict(found)
    train, test = fold
    outputs = label_gold(fit_classifier(run, train, (), seed), test)
    counts = count(test, outputs, run.config.task_list)
    if not folder:
        return counts
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path.with_suffix(".part.npz"), **counts)
    path.with_suffix(".part.npz").rename(path)
    return counts
