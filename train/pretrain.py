"""DOOR: from plain text to an encoder."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from model.console import Overrides, Quiet, Restart, follow, hush_libraries, new_app, run_app, say
from train.config import expand_path, read_config
from train.pretrain_settings import PretrainConfig, broken_pretrain_rules
from train.settings import LAST

app = new_app()


@app.command()
def pretrain(
    config: Annotated[Path, typer.Argument(help="The config of a pre-training.")],
    overrides: Overrides = None,
    restart: Restart = False,
    quiet: Quiet = False,
) -> None:
    """Train an encoder on text, from scratch or from another one: RUN/encoder/."""
    settings = read_config(config, overrides or (), PretrainConfig, broken_pretrain_rules)
    hush_libraries()
    from model.archive.read import read_records
    from train.fit.encoder.names import check_name
    from train.fit.pretrain.card import BESIDE
    from train.fit.pretrain.pretraining import ENCODER, METRICS, pretrain_encoder
    from train.fit.processes import is_main_process
    from train.fit.records.curves import plot_curves
    from train.steps import code_hash, encoder_hash, hash_files
    from train.trackers import refuse_missing

    refuse_missing(settings.training.report_to)
    check_name(settings.encoder)
    folder = Path(settings.output_dir or Path("runs") / config.stem)
    quiet = quiet or not is_main_process()
    paths = [expand_path(given) for given in settings.corpus.articles]
    record = pretrain_encoder(
        settings,
        folder,
        partial(read_records, paths, columns=settings.corpus.columns),
        hashes={"articles": hash_files(paths), **encoder_hash(settings.encoder)},
        code=code_hash(),
        on_change="restart" if restart else "refuse",
        show_progress=sys.stderr.isatty() and not quiet,
        tell=partial(say, quiet=quiet),
        watch=partial(follow, unit=" articles", quiet=quiet),
    )
    if record is None:
        return
    plot_curves(folder / METRICS, folder / "curves.png", best_by=LAST, losses=BESIDE)
    say(
        f"encoder: {folder / ENCODER} ({record['num_parameters'] / 1e6:.1f} million weights, "
        f"held-out loss {record['held_out_loss']:.3f}); name it as `encoder:` of a run",
        quiet=quiet,
    )


if __name__ == "__main__":
    run_app(app)
