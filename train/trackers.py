"""Trackers of a training (`training.report_to`): which there are, and where they write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from model.errors import NabraError

TENSORBOARD = "tensorboard"
# By the name that transformers gives it: the packages of which it needs one; none for a service.
TRACKERS = {
    "azure_ml": ("azureml",),
    "clearml": ("clearml",),
    "codecarbon": ("codecarbon",),
    "comet_ml": ("comet_ml",),
    "dagshub": ("dagshub",),
    "dvclive": ("dvclive",),
    "flyte": ("flytekit",),
    "kubeflow": (),
    "mlflow": ("mlflow",),
    "neptune": ("neptune",),
    "swanlab": ("swanlab",),
    TENSORBOARD: ("tensorboard", "tensorboardX"),
    "trackio": ("trackio",),
    "wandb": ("wandb",),
}
_FOLDER = "TENSORBOARD_LOGGING_DIR"


def refuse_missing(report_to: Sequence[str]) -> None:
    """NabraError where a tracker is not installed, before hours are spent on a training."""
    for name in report_to:
        packages = TRACKERS[name]
        if packages and not any(map(find_spec, packages)):
            package = "'nabra[tracking]'" if name == TENSORBOARD else packages[0].replace("_", "-")
            raise NabraError(
                "training.report_to",
                f"{name} is not installed",
                f"pip install {package}, or take {name} out of the list",
            )


@contextmanager
def tensorboard_in(folder: Path) -> Iterator[None]:
    """Let a training write its events there: the Trainer would put them among its checkpoints."""
    before = os.environ.get(_FOLDER)
    os.environ[_FOLDER] = str(folder.absolute())
    try:
        yield
    finally:
        if before is None:
            del os.environ[_FOLDER]
        else:
            os.environ[_FOLDER] = before
