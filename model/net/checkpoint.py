"""A checkpoint: a directory that transformers can read and that says how it was made."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from model.errors import CheckpointError, NabraError, OutputError
from model.net.calibration import TaskCalibration, read_calibration
from model.net.encoding import TextEncoder
from model.net.graph import GRAPH, GRAPH_DATA, GraphNetwork
from model.net.network import FramingNetwork, load_state, split_state
from model.records import SCHEMA_VERSION
from model.tasks import Task
from model.text.aliases import Target, read_names
from model.text.lexicon import Lexicon
from model.text.normalize import PREPROCESSING_VERSION
from model.text.surroundings import Context
from model.text.targets import TargetList

WEIGHTS = "model.safetensors"
RECORD = "nabra.json"
Backend = Literal["torch", "onnx"]
TARGETS = "targets.yaml"
LEXICON = "loaded_terms.yaml"
_SPAN_CORRECTION = ("span_slope", "span_bias")
_READ = frozenset({"tasks", "max_length", "stride", "parity", "context"})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network ready to predict, with everything that it was trained beside.

    `calibration` has an entry for each task that was calibrated.
    """

    network: FramingNetwork | GraphNetwork
    encoder: TextEncoder
    targets: TargetList
    lexicon: Lexicon
    record: dict[str, Any]
    path: Path
    context: Context = "none"
    calibration: Mapping[str, TaskCalibration] = field(default_factory=dict)

    @property
    def trained(self) -> FramingNetwork:
        """The network with its weights. CheckpointError for a graph, which predicts alone."""
        if isinstance(self.network, GraphNetwork):
            fix = "name the checkpoint that it was exported from"
            raise CheckpointError(self.path, f"holds {GRAPH}, which can only predict", fix)
        return self.network


def save_checkpoint(
    path: Path,
    network: FramingNetwork,
    encoder: TextEncoder,
    *,
    lists: tuple[Path, Path] | None,
    context: Context = "none",
    training: dict[str, Any],
    card: str,
) -> None:
    """Write a complete checkpoint at `path`, in place of one that stood there.

    It is built beside its place and moved there whole, so that no half of one is ever found.
    `lists` are the files of targets and loaded terms, None for a checkpoint that names nobody.
    `training` goes into the record: hashes, seed, counts, scores.
    """
    from safetensors.torch import save_file

    building = path.with_name(f".{path.name}.building")
    try:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
    except OSError as error:
        raise OutputError(
            path, f"cannot be written ({error.strerror})", "choose another output_dir"
        ) from None
    config = network.encoder.config
    config.architectures = [type(network.encoder).__name__]
    config.save_pretrained(building)
    encoder.tokenizer.save_pretrained(building)
    save_file(split_state(network), building / WEIGHTS, metadata={"format": "pt"})
    for name, given in zip((TARGETS, LEXICON), lists or (None, None), strict=True):
        (building / name).write_bytes(given.read_bytes() if given else b"[]\n")
    record = {
        "schema_version": SCHEMA_VERSION,
        "tasks": [task.to_dict() for task in network.tasks],
        "preprocessing": PREPROCESSING_VERSION,
        "parity": encoder.parity,
        "max_length": encoder.max_length,
        "stride": encoder.stride,
        "context": context,
        "calibration": None,
        "main_scores": None,
        **training,
    }
    _write_record(building, record)
    (building / "README.md").write_text(card, encoding="utf-8")
    # safetensors lets the owner alone read; a checkpoint may serve others, too
    shutil.copymode(building / "README.md", building / WEIGHTS)
    if path.exists():
        shutil.rmtree(path)
    building.rename(path)


def load_checkpoint(path: str | Path, backend: Backend | None = None) -> Checkpoint:
    """Read a checkpoint, or what was exported of one. CheckpointError names what is missing, of
    another version, or for another backend than the one named.
    """
    from transformers import AutoTokenizer

    path = Path(path)
    check_files(path, backend)
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    expected = (SCHEMA_VERSION, PREPROCESSING_VERSION)
    found = (record.get("schema_version"), record.get("preprocessing"))
    if found != expected or not record.keys() >= _READ or not isinstance(record["tasks"], list):
        raise CheckpointError(
            path, f"is of version {found}, this nabra reads {expected}", "train it again"
        )
    tasks = read_tasks(record, path)
    calibration = read_calibration(record.get("calibration"), tasks, path / RECORD)
    is_graph = network_file(path).name == GRAPH
    return Checkpoint(
        network=GraphNetwork(path / GRAPH, tasks) if is_graph else _read_network(path, tasks),
        encoder=TextEncoder(tokenizer, record["max_length"], record["parity"], record["stride"]),
        targets=TargetList.read(path / TARGETS),
        lexicon=Lexicon.read(path / LEXICON),
        record=record,
        path=path,
        context=record["context"],
        calibration=calibration,
    )


def _read_network(path: Path, tasks: Sequence[Task]) -> FramingNetwork:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from transformers import AutoConfig, AutoModel

    try:
        config = AutoConfig.from_pretrained(path, local_files_only=True)
        state = load_file(path / WEIGHTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise _unreadable(path, error) from None
    network = FramingNetwork(AutoModel.from_config(config), 0.0, tasks)
    try:
        load_state(network, state)
    except RuntimeError as error:
        what = f"does not fit config.json: {' '.join(str(error).split())}"
        raise CheckpointError(path / WEIGHTS, what, "train it again with this nabra") from None
    network.eval()
    if torch.cuda.is_available():
        network.to("cuda")
    return network


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(path, f"cannot be read: {' '.join(str(error).split())}")


def network_file(path: Path) -> Path:
    """The file that holds a checkpoint's network: its weights, or a graph that was exported."""
    return path / (GRAPH if (path / GRAPH).is_file() else WEIGHTS)


def network_bytes(path: Path) -> int:
    """How large a checkpoint's network is."""
    files = (network_file(path), path / GRAPH_DATA)
    return sum(file.stat().st_size for file in files if file.is_file())


def check_files(path: Path, backend: Backend | None = None) -> None:
    """CheckpointError where the folder lacks a file that every checkpoint has.

    Its network is one: torch's weights, or the graph of an export. Where a `backend` is named, it
    has to be of that kind.
    """
    network = network_file(path).name
    for name in (RECORD, "config.json", network, TARGETS, LEXICON):
        if not (path / name).is_file():
            raise CheckpointError(
                path, f"is no nabra checkpoint: {name} is missing", "make one with nabra finetune"
            )
    if network == GRAPH and (path / WEIGHTS).exists():
        what = f"holds both {GRAPH} and {WEIGHTS}"
        raise CheckpointError(path, what, "keep each in a folder of its own")
    if backend == "onnx" and network != GRAPH:
        fix = "make a folder for it with nabra export, and name that"
        raise CheckpointError(path, f"holds no {GRAPH}", fix)
    if backend == "torch" and network == GRAPH:
        fix = "name the checkpoint that it was exported from, or leave the backend to the folder"
        raise CheckpointError(path, f"holds {GRAPH}, which torch does not run", fix)


def read_targets(path: Path) -> Mapping[str, Target]:
    """The targets of a checkpoint, by id."""
    return read_names(path / TARGETS)[0]


def load_calibration(path: Path) -> dict[str, TaskCalibration]:
    """What is known of a checkpoint's probabilities, without its network; empty for nothing."""
    record = read_record(path)
    return read_calibration(record.get("calibration"), read_tasks(record, path), path / RECORD)


def read_tasks(record: Mapping[str, Any], path: Path) -> list[Task]:
    """The tasks in a checkpoint's record. CheckpointError where it names none."""
    if not isinstance(record.get("tasks"), list):
        raise CheckpointError(path / RECORD, "names no tasks", "name another checkpoint")
    try:
        return [Task.from_dict(task) for task in record["tasks"]]
    except NabraError as error:
        raise CheckpointError(path / RECORD, f"names a task of another form: {error}") from None


def read_lists(lists: tuple[Path, Path] | None) -> tuple[TargetList, Lexicon]:
    """The targets and loaded terms of two files; empty ones where none is named."""
    if lists is None:
        return TargetList({}, {}), Lexicon({})
    return TargetList.read(lists[0]), Lexicon.read(lists[1])


def add_main_scores(path: Path, scores: Mapping[str, Any]) -> dict[str, Any]:
    """Write the scores that an evaluation found into the checkpoint's record; returns that."""
    return change_record(path, main_scores=scores)


def add_calibration(path: Path, calibration: Mapping[str, TaskCalibration]) -> dict[str, Any]:
    """Write what a calibration found into the checkpoint's record; returns that.

    Predictions made after it say how sure they are, so the checkpoint's hash is another one.
    """
    found = {task: values.to_dict() for task, values in calibration.items()}
    return change_record(path, calibration=found)


def checkpoint_hash(path: Path) -> str:
    """SHA-256 over the names and bytes of what decides a prediction: weights, tokenizer, lists,
    temperatures, thresholds, and what corrects the confidence of spans."""
    record = read_record(path)
    deciding = [record.get(name) for name in ("preprocessing", *sorted(_READ))]
    if calibration := record.get("calibration"):
        deciding += [
            (name, v["temperature"], v["threshold"], *(v[n] for n in _SPAN_CORRECTION if n in v))
            for name, v in calibration.items()
        ]
    digest = hashlib.sha256(repr(deciding).encode())
    for file in sorted(path.iterdir()):
        if file.is_file() and file.name not in (RECORD, "README.md"):
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def read_record(path: Path) -> dict[str, Any]:
    """What a checkpoint says of itself. CheckpointError where it cannot be read."""
    try:
        record: dict[str, Any] = json.loads((path / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        what = f"is no nabra checkpoint: {RECORD} cannot be read"
        raise CheckpointError(path, what, "name a checkpoint's folder") from None
    if not isinstance(record, dict):
        raise CheckpointError(path / RECORD, "names no tasks", "name another checkpoint")
    return record


def change_record(path: Path, **changed: Any) -> dict[str, Any]:
    """Write these fields into a checkpoint's record; returns that."""
    record = read_record(path)
    record |= changed
    _write_record(path, record)
    return record


def _write_record(path: Path, record: dict[str, Any]) -> None:
    """Whole or not at all: a checkpoint with half a record would be none."""
    text = json.dumps(record, ensure_ascii=False, indent=2)
    written = path / f".{RECORD}.tmp"
    with written.open("w", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(written, path / RECORD)
