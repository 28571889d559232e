"""The picture of a training shows its figures, and the same figures give the same bytes."""

from __future__ import annotations

import errno
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import matplotlib
import pytest
from matplotlib.figure import Figure

from model.errors import InputError, OutputError
from train.fit.records.curves import draw_curves, plot_curves

Line = dict[str, float]
WriteMetrics = Callable[[list[Line]], Path]

MEANS = (0.3, 0.5, 0.6, 0.6, 0.4)
EPOCHS: list[Line] = [
    line
    for number, mean in enumerate(MEANS, 1)
    for line in (
        {"epoch": number, "step": 8 * number, "loss": 2 / number, "learning_rate": 1e-4},
        {
            "epoch": number,
            "step": 8 * number,
            "eval_loss": 1 + (number - 2) ** 2 / 10,
            "eval_stance": mean + number / 100,
            "eval_loaded_terms": mean - number / 100,
            "eval_mean": mean,
        },
    )
]


@pytest.fixture
def write_metrics(tmp_path: Path) -> WriteMetrics:
    def write(lines: list[Line]) -> Path:
        path = tmp_path / "metrics.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return path

    return write


def curves(figure: Figure) -> list[dict[str, list[tuple[float, float]]]]:
    """By panel the points of each curve by its name in the legend."""
    return [
        {
            str(curve.get_label()): [
                (float(x), float(y))
                for x, y in zip(curve.get_xdata(), curve.get_ydata(), strict=True)
            ]
            for curve in panel.get_lines()
            if not str(curve.get_label()).startswith(("_", "best"))
        }
        for panel in figure.axes
    ]


def best(figure: Figure) -> tuple[str, list[float]]:
    """What the legend says of the best epoch, and where each panel marks it."""
    marks = [line for panel in figure.axes for line in panel.get_lines() if line.get_ls() == "--"]
    named = [str(mark.get_label()) for mark in marks if str(mark.get_label()).startswith("best")]
    return "".join(named).replace("\n", " "), [float(mark.get_xdata()[0]) for mark in marks]


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += size + 12


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    width, height = struct.unpack(">II", dict(chunks(picture.read_bytes()))[b"IHDR"][:8])
    return width, height


def test_losses_stand_above_scores() -> None:
    losses, scores = curves(draw_curves(EPOCHS))
    assert losses["training"] == [(number, 2 / number) for number in range(1, 6)]
    assert losses["validation"][1] == (2, 1.0)
    assert list(scores) == ["stance", "loaded_terms", "mean"]
    assert [y for _, y in scores["mean"]] == list(MEANS)
    assert [x for x, _ in scores["stance"]] == [1, 2, 3, 4, 5]


def test_without_scores_there_is_one_panel(write_metrics: WriteMetrics, tmp_path: Path) -> None:
    lines = [{"epoch": number / 25, "step": number, "loss": 1.0} for number in range(1, 101)]
    figure = draw_curves(lines)
    assert [list(panel) for panel in curves(figure)] == [["training"]]
    assert best(figure) == ("", [])
    plot_curves(write_metrics(lines), tmp_path / "plain.png")
    plot_curves(write_metrics(EPOCHS), tmp_path / "scores.png")
    (width, low), (same, high) = size_of(tmp_path / "plain.png"), size_of(tmp_path / "scores.png")
    assert width == same
    assert low < high


@pytest.mark.parametrize(
    ("best_by", "said", "where"),
    [
        ("mean", "best epoch: 3 (by mean)", 3),  # the first of two equals, as the Trainer has it
        ("stance", "best epoch: 4 (by stance)", 4),
        ("loss", "best epoch: 2 (by loss)", 2),
        ("no_such_task", "best epoch: 3 (by mean)", 3),
    ],
)
def test_the_best_epoch_is_marked_in_both_panels(best_by: str, said: str, where: float) -> None:
    assert best(draw_curves(EPOCHS, best_by)) == (said, [where, where])


def test_where_the_last_epoch_was_kept_none_is_marked_as_the_best() -> None:
    assert best(draw_curves(EPOCHS, "last")) == ("", [])


def test_other_losses_are_no_scores() -> None:
    lines = [
        {"epoch": 0.1, "loss": 2.0, "eval_loss": 3.4, "eval_compared_loss": 0.8},
        {"epoch": 0.2, "loss": 1.0, "eval_loss": 3.3, "eval_compared_loss": 0.1},
    ]
    figure = draw_curves(lines, "last", ["compared_loss", "not_measured"])
    (drawn,) = curves(figure)
    assert drawn == {
        "training": [(0.1, 2.0), (0.2, 1.0)],
        "validation": [(0.1, 3.4), (0.2, 3.3)],
        "compared_loss": [(0.1, 0.8), (0.2, 0.1)],
    }
    assert best(figure) == ("", [])
    assert figure.axes[0].get_xlim()[1] < 0.25  # less than an epoch fills the width, too


def test_without_scores_the_lowest_validation_loss_is_the_best() -> None:
    lines = [{key: line[key] for key in line if key in ("epoch", "eval_loss")} for line in EPOCHS]
    lines = [line for line in lines if "eval_loss" in line]
    assert best(draw_curves(lines)) == ("best epoch: 2 (by loss)", [2])


def test_a_lone_task_stands_without_its_mean() -> None:
    lines: list[Line] = [
        {"epoch": 1, "eval_loss": 1.0, "eval_claims": 0.25, "eval_mean": 0.25},
        {"epoch": 2, "eval_loss": 1.1, "eval_claims": 0.5, "eval_mean": 0.5},
    ]
    figure = draw_curves(lines)
    assert list(curves(figure)[1]) == ["claims"]
    assert best(figure)[0] == "best epoch: 2 (by claims)"


def test_a_figure_that_is_no_number_is_no_best() -> None:
    nan = float("nan")
    lines: list[Line] = [
        {"epoch": 1, "loss": nan, "eval_loss": nan, "eval_mean": nan},
        {"epoch": 2, "loss": 1.0, "eval_loss": 1.0, "eval_mean": 0.5},
    ]
    assert best(draw_curves(lines))[1] == [2, 2]
    assert best(draw_curves(lines[:1])) == ("", [])


def test_a_name_is_no_formula(write_metrics: WriteMetrics, tmp_path: Path) -> None:
    lines: list[Line] = [{"epoch": 1, "loss": 1.0, "eval_loss": 1.0, r"eval_$\bad{$": 0.5}]
    plot_curves(write_metrics(lines), tmp_path / "curves.png")
    assert list(curves(draw_curves(lines))[1]) == [r"$\bad{$"]


@pytest.mark.parametrize("lines", [EPOCHS, EPOCHS[:2], EPOCHS[:1]], ids=["all", "one", "loss"])
def test_nothing_but_the_figures_decides_the_bytes(
    lines: list[Line], write_metrics: WriteMetrics, tmp_path: Path
) -> None:
    metrics = write_metrics(lines)
    before = dict(matplotlib.rcParams)
    plot_curves(metrics, tmp_path / "first.png")
    assert dict(matplotlib.rcParams) == before
    with matplotlib.rc_context({"font.size": 20, "savefig.dpi": 50, "axes.facecolor": "red"}):
        plot_curves(metrics, tmp_path / "second.png")
    png = (tmp_path / "first.png").read_bytes()
    assert png == (tmp_path / "second.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert {name for name, _ in chunks(png)} <= {b"IHDR", b"pHYs", b"IDAT", b"IEND"}
    assert {path.name for path in tmp_path.iterdir()} == {
        "metrics.jsonl",
        "first.png",
        "second.png",
    }


def test_another_process_with_other_settings_draws_the_same(
    write_metrics: WriteMetrics, tmp_path: Path
) -> None:
    metrics = write_metrics(EPOCHS)
    plot_curves(metrics, tmp_path / "here.png")
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nfigure.facecolor: red\n")
    code = (
        "import sys; from pathlib import Path; from train.fit.records.curves import plot_curves;"
        f"plot_curves(Path({str(metrics)!r}), Path({str(tmp_path / 'there.png')!r}));"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    environment = {**os.environ, "MATPLOTLIBRC": str(tmp_path), "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0
    assert (tmp_path / "here.png").read_bytes() == (tmp_path / "there.png").read_bytes()


def test_without_figures_there_is_no_picture(write_metrics: WriteMetrics, tmp_path: Path) -> None:
    picture = tmp_path / "curves.png"
    plot_curves(write_metrics([]), picture)
    assert not picture.exists()
    plot_curves(write_metrics(EPOCHS), picture)
    plot_curves(write_metrics([]), picture)
    assert not picture.exists(), "it showed another training"


def test_what_cannot_be_read_or_written_is_named(
    write_metrics: WriteMetrics, tmp_path: Path
) -> None:
    metrics = write_metrics(EPOCHS)
    with pytest.raises(OutputError, match="cannot be written"):
        plot_curves(metrics, metrics / "curves.png")
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read"):
        plot_curves(tmp_path / "none.jsonl", tmp_path / "curves.png")
    for bad in ('{"epoch": 1, "loss": 0.5}\n{"epoch": 2, "lo', '{"loss": 1}', "[1]", "7"):
        metrics.write_text(bad)
        with pytest.raises(InputError, match=r"metrics\.jsonl:[12]: is no line of metrics"):
            plot_curves(metrics, tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()


def test_a_disk_that_fills_up_leaves_the_older_picture_whole(
    write_metrics: WriteMetrics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "curves.png"
    plot_curves(write_metrics(EPOCHS[:1]), picture)
    older = picture.read_bytes()

    def fill(self: Figure, stream: BinaryIO, **_: object) -> None:
        stream.write(older[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Figure, "savefig", fill)
    with pytest.raises(OutputError, match="No space left"):
        plot_curves(write_metrics(EPOCHS), picture)
    assert picture.read_bytes() == older
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.jsonl", "curves.png"}
