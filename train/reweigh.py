"""DOOR: predictions of an archive whose labels are mixed otherwise than those of training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.console import Quiet, follow, hush_libraries, new_app, run_app, say
from model.errors import InputError
from model.records import STANCE_LABELS

if TYPE_CHECKING:
    from model.records import Prediction

app = new_app()
ESTIMATED = "estimated"
_ROUNDING = 0.01  # by which given shares may miss a sum of 1


@app.command()
def reweigh(
    directory: Annotated[Path, typer.Argument(help="A folder that nabra predict wrote.")],
    output: Annotated[Path, typer.Option(help="Another folder, for the corrected predictions.")],
    label_mix: Annotated[
        str,
        typer.Option(
            metavar="estimated|FAVOR,AGAINST,NONE",
            help="The archive's shares of the stance labels, or to estimate them.",
        ),
    ] = ESTIMATED,
    checkpoint: Annotated[
        Path | None, typer.Option(help="What predicted it, where it no longer lies there.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace predictions of an earlier run.")] = False,
    quiet: Quiet = False,
) -> None:
    """Correct the stances of predictions for an archive's own mix of labels.

    It presumes that the texts of each label are like those of validation, only more or fewer. An
    estimate is refused where the checkpoint is known to tell mixes badly.
    """
    hush_libraries()
    from model.archive.write import (
        make_room,
        read_predictions,
        rewrite_predictions,
        write_json,
    )
    from train.label_mix import correct_stances, estimate_stance_mix

    shares = None if label_mix == ESTIMATED else _parse(label_mix)
    if output.resolve() == directory.resolve():
        raise InputError(output, "holds the predictions to correct", "choose another --output")
    manifest, calibration = _read(directory, checkpoint)

    predictions = read_predictions(directory)
    if shares is None:
        given = follow(predictions, unit=" sentences", quiet=quiet)
        mix = estimate_stance_mix(given, calibration).shares
    else:
        mix = shares
    num_stances = num_changed = 0

    def correct(prediction: Prediction) -> Prediction:
        nonlocal num_stances, num_changed
        corrected = correct_stances(prediction, calibration, mix)
        num_stances += len(prediction.stances)
        num_changed += _count_changed(prediction, corrected)
        return corrected

    make_room(output, overwrite=overwrite)
    rewrite_predictions(directory, output, correct)
    named = dict(zip(STANCE_LABELS, (round(share, 6) for share in mix), strict=True))
    how = "given" if shares else ESTIMATED
    write_json(output / "manifest.json", {**manifest, "label_mix": named, "label_mix_from": how})
    told = ", ".join(f"{label} {share:.3f}" for label, share in named.items())
    say(f"mix of labels, {how}: {told}", quiet=quiet)
    say(f"{num_changed} of {num_stances} stances have another label", quiet=quiet)
    say(f"predictions: {output / 'predictions'}", quiet=quiet)


def _parse(given: str) -> tuple[float, ...]:
    """Shares of the labels, in their order, that sum to 1."""
    wanted = f"--label-mix {given}: give {ESTIMATED}, or shares of {', '.join(STANCE_LABELS)}"
    try:
        shares = [float(part) for part in given.split(",")]
    except ValueError:
        raise typer.BadParameter(wanted) from None
    whole = sum(shares)
    is_mix = len(shares) == len(STANCE_LABELS) and all(0 <= share <= 1 for share in shares)
    if not is_mix or not math.isclose(whole, 1, abs_tol=_ROUNDING):
        raise typer.BadParameter(f"{wanted}, which sum to 1")
    return tuple(share / whole for share in shares)


def _read(directory: Path, checkpoint: Path | None) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The manifest of the predictions, and the calibration of the checkpoint that made them."""
    from model.archive.manifest import read_manifest
    from model.net.checkpoint import checkpoint_hash, load_calibration

    manifest = read_manifest(directory)
    if "label_mix" in manifest:
        what = "were corrected for a mix of labels already"
        raise InputError(directory, what, "correct those that nabra predict wrote")
    named = checkpoint or manifest.get("checkpoint")
    if named is None:
        what = "do not say which checkpoint made them: there is no manifest"
        raise InputError(directory, what, "name it with --checkpoint")
    path = Path(named)
    calibration = load_calibration(path)
    if manifest.get("checkpoint_hash") not in (None, checkpoint_hash(path)):
        what = f"were made by another checkpoint than {path}, or before it was calibrated anew"
        raise InputError(directory, what, "name theirs with --checkpoint, or predict again")
    return manifest, calibration


def _count_changed(before: Prediction, after: Prediction) -> int:
    pairs = zip(before.stances, after.stances, strict=True)
    return sum(one.label != other.label for one, other in pairs)


if __name__ == "__main__":
    run_app(app)
