"""An archive of predictions made for the audit's tests, and the truth about each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from model.archive.write import ShardWriter
from model.records import LoadedTerm, Mention, Prediction, Stance

NAMES = {"sdf": "قسد", "turkey": "تركيا"}
OUTLETS = ("نورس", "الشرق <b>")
LABELS = ("favor", "against", "none")


def make_predictions(
    num: int, seed: int = 0, outlets: Sequence[str] = OUTLETS
) -> tuple[list[Prediction], dict[tuple[str, str], str], dict[str, bool]]:
    """(predictions, (task, target) → true label, task → whether loaded wording stands there).

    Of the true `against` a third is predicted `none`; every ninth loaded word is overlooked.
    """
    rng = random.Random(seed)
    predictions, truth, is_loaded = [], {}, {}
    for number in range(num):
        article, index = f"خبر-{number // 5}", number % 5
        task = f"{article}:{index}"
        word = rng.choice(("غاشم", "سافر", ""))
        text = f"قصف {word} على مواقع {NAMES['sdf']} و{NAMES['turkey']} رقم {number}."
        is_loaded[task] = bool(word)
        stances = []
        for target, name in NAMES.items():
            label = rng.choices(LABELS, (1, 3, 6))[0]
            truth[task, target] = label
            said = "none" if label == "against" and rng.random() < 0.33 else label
            start = text.index(name)
            mention = Mention(start, start + len(name), name, name, "pejorative")
            scores = {one: 0.8 if one == said else 0.1 for one in LABELS}
            stances.append(Stance(target, "newsroom", None, (mention,), said, scores))
        terms = []
        if word and rng.random() > 1 / 9:
            start = text.index(word)
            terms.append(
                LoadedTerm(
                    start, start + len(word), word, word, "emotive", False, "own", None, None, 0.9
                )
            )
        predictions.append(
            Prediction(
                article_id=article,
                index=index,
                section="body",
                start=0,
                end=len(text),
                text=text,
                voices=(),
                outlet=outlets[number // 5 % len(outlets)],
                published=None,
                url=None,
                stances=tuple(stances),
                loaded_terms=tuple(terms),
            )
        )
    return predictions, truth, is_loaded


def write_predictions(folder: Path, predictions: Sequence[Prediction], form: str = "jsonl") -> Path:
    """A folder as `nabra predict` leaves it."""
    for first in range(0, len(predictions), 70):
        with ShardWriter(folder, f"part-{first // 70:05d}", form) as writer:
            for prediction in predictions[first : first + 70]:
                writer.write(prediction)
    return folder
