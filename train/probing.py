"""The outlet probe of a run: what its encoder's representation of the gold gives away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from train.config import Run

if TYPE_CHECKING:
    from model.net.classifier import Classifier
    from model.records import LabelledSentence
    from train.score.outlets import OutletProbe

ENCODER, UNTRAINED = "the encoder", "an untrained encoder"


def probe_run(
    run: Run,
    splits: Mapping[str, Sequence[LabelledSentence]],
    classifier: Classifier,
    notes: list[str],
) -> OutletProbe | None:
    """The outlet probe over all gold of the run's own articles; None where it tells of one outlet
    or none, and a note says so."""
    from train.readings import own_gold
    from train.score.outlets import MIN_SENTENCES, MIN_STORIES, probe_outlets, usable_outlets

    gold = [sentence for sentence in own_gold(run, splits) if sentence.outlet]
    used, left_out = usable_outlets([s.outlet for s in gold], [s.story for s in gold])
    if len(used) < 2:
        notes.append(
            f"The outlet probe was left out: {len(used)} outlet(s) with {MIN_SENTENCES} labelled "
            f"sentences in {MIN_STORIES} stories or more, where two are needed."
        )
        return None
    gold = [sentence for sentence in gold if sentence.outlet in used]
    texts = [sentence.text for sentence in gold]
    return probe_outlets(
        {
            ENCODER: classifier.represent(texts),
            UNTRAINED: untrained(classifier, run.config.training.seed).represent(texts),
        },
        texts,
        [sentence.outlet for sentence in gold],
        [sentence.story for sentence in gold],
        left_out=left_out,
        num_resamples=run.config.evaluation.resamples,
    )


def untrained(classifier: Classifier, seed: int) -> Classifier:
    """The same classifier with an encoder of the same shape and weights by chance."""
    import torch

    from model.net.classifier import Classifier
    from model.net.network import FramingNetwork

    known = classifier.checkpoint.trained
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = type(known.encoder)(known.encoder.config)
        network = FramingNetwork(encoder, 0.0, known.tasks).eval()
    network.to(known.device)
    return Classifier(replace(classifier.checkpoint, network=network))
