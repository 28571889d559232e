"""nabra's side of prediction: text in, framing out. Importing it loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.archive.read import read_articles
from model.records import Article, Prediction
from model.text.normalize import normalize
from model.text.sentences import segment

if TYPE_CHECKING:
    from pathlib import Path

    from model.net.checkpoint import Backend
    from model.net.classifier import Classifier, Precision

__all__ = ["Article", "Prediction", "load", "normalize", "read_articles", "segment"]


def load(
    path: str | Path, precision: Precision = "auto", backend: Backend | None = None
) -> Classifier:
    """The classifier of a checkpoint directory, or of an export of one; the first call imports
    torch.

    `precision`: `fp32`, `bf16`, or `auto` for the faster one on this machine. The folder says which
    backend computes; one that is named (`torch`, `onnx`) has to be that of the folder.
    """
    from model.net.classifier import load as load_classifier

    return load_classifier(path, precision, backend)
