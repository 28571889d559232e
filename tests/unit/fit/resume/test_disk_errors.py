"""What each library makes of a full disk becomes one plain error; other faults pass."""

from __future__ import annotations

import errno
import gc
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models

from model.errors import OutputError
from tests.unit.fit.resume.test_sealed import WEIGHTS, write_checkpoint
from train.fit.resume.sealed import (
    COMPLETE,
    disk_errors,
    last_complete,
    remove_incomplete,
    seal,
    write_whole,
)

BIG = {"weight": torch.zeros(200_000)}  # 800 kB
MANY = {index: torch.zeros(9) for index in range(5000)}


def save_tokenizer(path: Path) -> None:
    vocabulary = {f"word{index}": index for index in range(40_000)}
    Tokenizer(models.WordLevel(vocabulary, unk_token="word0")).save(str(path))


def dump_json(path: Path) -> None:
    with path.open("w") as file:
        json.dump(["x" * 100] * 8_000, file)


def save_zip_to_stream(path: Path) -> None:
    with path.open("wb") as file:
        torch.save(BIG, file)


def save_in_the_old_format(path: Path) -> None:
    torch.save(BIG, path, _use_new_zipfile_serialization=False)


WRITERS: dict[str, Callable[[Path], object]] = {
    "safetensors": lambda path: save_file(BIG, path),
    "torch zip": lambda path: torch.save(BIG, path),
    "torch zip, many parts": lambda path: torch.save(MANY, path),
    "torch zip to a stream": save_zip_to_stream,
    "torch, old format": save_in_the_old_format,
    "tokenizer": save_tokenizer,
    "text": lambda path: path.write_text("x" * 800_000),
    "json": dump_json,
    "write_whole": lambda path: write_whole(path, ["x" * 100] * 8_000),
}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 500 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=500k", "nabra-test", str(place)]
    done = subprocess.run(command, capture_output=True, text=True) if mount else None
    if done is None or done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done and done.stderr.strip()}")
    try:
        yield place
    finally:
        # Lazily, as the traceback of a failed torch.save holds its file open.
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_named(small_disk: Path, writer: str) -> None:
    path = small_disk / "file"
    with pytest.raises(OutputError) as caught, disk_errors(path):
        WRITERS[writer](path)
    assert str(caught.value) == (
        f"{path}: cannot be written: no space left on the disk; make room and run the same "
        "command again: the last complete checkpoint is kept"
    )


@pytest.mark.parametrize("writer", WRITERS)
def test_a_limit_on_file_sizes_is_named(tmp_path: Path, writer: str) -> None:
    path = tmp_path / "file"
    with pytest.raises(OutputError) as caught, file_size_limit(100_000), disk_errors(path):
        WRITERS[writer](path)
    is_zip = writer.startswith("torch zip")  # torch does not say why, and this disk has room
    what = "the disk refuses the file" if is_zip else "the file is larger than the limit on file"
    assert f"cannot be written: {what}" in str(caught.value)
    assert "the last complete checkpoint is kept" in caught.value.fix


@pytest.mark.parametrize("writer", ["torch zip", "safetensors"])
def test_no_cut_goes_unseen_by_the_library(tmp_path: Path, writer: str) -> None:
    """`seal` hashes what was written: the library must say it where a write failed."""
    path = tmp_path / "file"
    save = {"torch zip": torch.save, "safetensors": save_file}[writer]
    save(WEIGHTS, path)
    for limit in range(0, path.stat().st_size, 7):
        path.unlink(missing_ok=True)
        with pytest.raises(OutputError), file_size_limit(limit), disk_errors(path):
            save(WEIGHTS, path)


def test_a_full_disk_leaves_the_last_checkpoint(small_disk: Path) -> None:
    older = write_checkpoint(small_disk / "trainer", 10)
    folder = shutil.copytree(older, older.parent / "checkpoint-20")
    (folder / COMPLETE).unlink()
    with pytest.raises(OutputError, match="no space left"), disk_errors(folder):
        torch.save(BIG, folder / "optimizer.pt")
    gc.collect()  # the traceback of a failed torch.save holds its file open
    chosen, (warning,) = last_complete(older.parent)
    assert chosen == older
    assert warning == f"trainer/checkpoint-20: {COMPLETE} is missing; it is skipped"
    remove_incomplete(older.parent, chosen)
    shutil.copytree(older, folder, dirs_exist_ok=True)
    seal(folder)
    assert last_complete(older.parent) == (folder, [])


def test_a_full_quota_is_a_full_disk(tmp_path: Path) -> None:
    fault = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    with pytest.raises(OutputError, match="no space left on the disk"), disk_errors(tmp_path):
        raise fault


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"),
        RuntimeError("unexpected pos 576 vs 534"),
        RuntimeError("the hook raised: basic_ios::clear: iostream error"),
        RuntimeError("No space left on device (os error 28)"),
        RuntimeError("unable to write to file </torch_1_2>: No space left on device (28)"),
        RuntimeError("write(): fd 3 failed with Input/output error"),
        torch.OutOfMemoryError("[enforce fail at inline_container.cc:1] . unexpected pos 1 vs 2"),
        ValueError("File too large (os error 27)"),
        Exception("no space left"),
        Exception("Permission denied (os error 13)"),
        PermissionError(errno.EACCES, "Permission denied"),
        OSError("1000000 requested and 262128 written"),
        OutputError("there", "cannot be written"),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_other_faults_pass_untouched(tmp_path: Path, fault: BaseException) -> None:
    with pytest.raises(type(fault)) as caught, disk_errors(tmp_path):
        raise fault
    assert caught.value is fault


def test_a_safetensors_file_that_is_not_there_is_no_full_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), disk_errors(tmp_path):
        load_file(tmp_path / "nowhere")


def test_a_real_network_s_error_passes(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="shapes") as caught, disk_errors(tmp_path):
        torch.zeros(2, 3) @ torch.zeros(4, 5)
    assert type(caught.value) is RuntimeError


def test_the_folder_need_not_stand(tmp_path: Path) -> None:
    path = tmp_path / "trainer" / "checkpoint-20"
    with pytest.raises(OutputError, match="cannot be written"), disk_errors(path):
        raise RuntimeError("basic_ios::clear: iostream error")
