"""Fits a network and leaves a complete checkpoint; a killed fit goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from model.errors import OutputError
from model.net.checkpoint import save_checkpoint
from model.net.network import count_parameters
from model.records import LabelledSentence
from model.text.targets import TargetList
from train.config import Run
from train.fit.card import model_card
from train.fit.trainer import finetune

_FINGERPRINT = "fingerprint.txt"


def fit_checkpoint(
    run: Run,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    *,
    checkpoint_dir: Path,
    trainer_dir: Path,
    metrics_path: Path,
    inputs: str,
    quiet: bool,
) -> int:
    """Train with the run's settings and write the checkpoint; returns the number of weights.

    `trainer_dir` is used again only for the very same config, sentences and `inputs` (a hash of all
    else that decides the weights: code, targets, encoder); else it starts afresh.
    """
    data_hash = hash_sentences([*train, *validation])
    config_hash = run.fingerprint("encoder", "parity", "embedded", "training")
    current = f"{config_hash} {data_hash} {inputs}"
    known = trainer_dir / _FINGERPRINT
    if not (known.is_file() and known.read_text(encoding="utf-8") == current):
        try:
            shutil.rmtree(trainer_dir, ignore_errors=True)
            trainer_dir.mkdir(parents=True)
            known.write_text(current, encoding="utf-8")
        except OSError as error:
            fix = "choose another output_dir"
            raise OutputError(trainer_dir, f"cannot be written ({error.strerror})", fix) from None
    targets_path = Path(run.config.data.targets)
    targets = TargetList.read(targets_path).targets
    network, encoder = finetune(
        run.config,
        train,
        validation,
        {target.id: target.name for target in targets.values()},
        trainer_dir=trainer_dir,
        metrics_path=metrics_path,
        show_progress=sys.stderr.isatty() and not quiet,
    )
    training = {
        "encoder": run.config.encoder,
        "seed": run.config.training.seed,
        "config_hash": run.fingerprint(),
        "training_data_hash": data_hash,
        "num_parameters": count_parameters(network),
        "num_sentences": len(train),
        "stance_counts": dict(Counter(str(s.label) for t in train for s in t.stances)),
        "loaded_term_counts": dict(Counter(t.category for s in train for t in s.loaded_terms)),
    }
    save_checkpoint(
        checkpoint_dir,
        network,
        encoder,
        targets=targets_path,
        lexicon=Path(run.config.data.lexicon),
        training=training,
        card=model_card(checkpoint_dir.parent.name, training),
    )
    return count_parameters(network)


def hash_sentences(sentences: Sequence[LabelledSentence]) -> str:
    """SHA-256 over the records, in order."""
    digest = hashlib.sha256()
    for sentence in sentences:
        digest.update(json.dumps(sentence.to_dict(), ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()
