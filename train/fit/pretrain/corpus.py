"""Articles as rows of token ids of one length, packed end to end; a share of them kept out.

Texts are normalised once and lie as lines beside the rows, so that a vocabulary can be made of
them. `corpus.json`, written last, says what all of it was made of: the same is not made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.archive.atomic import AtomicFile, output_errors
from model.archive.write import write_json
from model.errors import InputError
from model.records import Article, Dropped
from model.text.normalize import Parity, normalize
from train.fit.deal import PARTS, Deal, Part

Ids = npt.NDArray[np.int32]

_RECORD = "corpus.json"
_IDS = np.dtype("<i4")
_BATCH = 1_000  # articles that are tokenized together
_VOCABULARY_BYTES = 200_000_000  # of text that a vocabulary is made of: more changes it little


@dataclass(frozen=True, slots=True)
class Corpus:
    """The rows of both parts, (rows, length), on the disk; `counts`: of articles, words, tokens."""

    train: Ids
    held_out: Ids
    counts: Mapping[str, int]


def write_texts(
    records: Iterable[Article | Dropped], folder: Path, *, parity: Parity, held_out: float
) -> dict[str, int]:
    """Normalise articles into `folder`, a line each, and return what was counted.

    An article's own text decides to which part it goes, so that copies never lie in both; a copy
    is left out. InputError where one of the parts got none.
    """
    counts = dict.fromkeys(("articles", "dropped", "copies", "words"), 0) | {
        f"{part}_articles": 0 for part in PARTS
    }
    deal = Deal(held_out)
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        files = {part: AtomicFile(_texts(folder, part)) for part in PARTS}
        try:
            for record in records:
                counts["articles"] += 1
                if isinstance(record, Dropped):
                    counts["dropped"] += 1
                    continue
                text = normalize(f"{record.headline}\n{record.text}", parity).text
                part = deal.part_of(text)
                if part is None:
                    counts["copies"] += 1
                    continue
                counts[f"{part}_articles"] += 1
                counts["words"] += text.count(" ") + 1
                files[part].stream.write(text.encode() + b"\n")
            for file in files.values():
                file.commit()
        except BaseException:
            for file in files.values():
                file.discard()
            raise
    for part in PARTS:
        if not counts[f"{part}_articles"]:
            fix = "name more articles, or another corpus.held_out"
            raise InputError("corpus.articles", f"leave no article for {part}", fix)
    return counts


def vocabulary_texts(folder: Path) -> list[str]:
    """The training texts, or every so many-th where they are more than a vocabulary needs."""
    path = _texts(folder, "train")
    every = 1 + path.stat().st_size // _VOCABULARY_BYTES
    return [text for number, text in enumerate(_lines(path)) if number % every == 0]


def write_rows(
    folder: Path,
    tokenizer: Any,
    length: int,
    *,
    watch: Callable[[Iterator[str]], Iterable[str]] = lambda texts: texts,
) -> dict[str, int]:
    """Tokenize the texts of both parts into rows, and return how many tokens each has.

    A row begins with [CLS]; [SEP] stands between two articles. What fills no last row is left out.
    """
    counts = {}
    with output_errors(folder):
        for part in PARTS:
            texts = watch(_lines(_texts(folder, part)))
            counts[f"{part}_tokens"] = _write_part(_rows(folder, part), texts, tokenizer, length)
    return counts


def _write_part(path: Path, texts: Iterable[str], tokenizer: Any, length: int) -> int:
    encode = tokenizer.backend_tokenizer.encode_batch
    room = length - 1
    rest: list[int] = []
    num_rows = 0
    file = AtomicFile(path)
    try:
        waiting = iter(texts)
        while batch := list(islice(waiting, _BATCH)):
            for encoding in encode(batch, add_special_tokens=False):
                rest += encoding.ids
                rest.append(tokenizer.sep_token_id)
            full = len(rest) // room
            rows = np.full((full, length), tokenizer.cls_token_id, dtype=_IDS)
            rows[:, 1:] = np.asarray(rest[: full * room], dtype=_IDS).reshape(full, room)
            file.stream.write(rows.tobytes())
            del rest[: full * room]
            num_rows += full
        file.commit()
    except BaseException:
        file.discard()
        raise
    return num_rows * length


def seal_corpus(folder: Path, made_of: str, counts: Mapping[str, int]) -> None:
    """Say what the corpus was made of, when all of it lies there."""
    write_json(folder / _RECORD, {"made_of": made_of, "counts": dict(counts)})


def read_corpus(folder: Path, made_of: str, length: int) -> Corpus | None:
    """The corpus in a folder; None unless it was made of just this."""
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        if record["made_of"] != made_of:
            return None
        train, held_out = (
            np.memmap(_rows(folder, part), dtype=_IDS, mode="r").reshape(-1, length)
            for part in PARTS
        )
        return Corpus(train, held_out, record["counts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it was cut short: it is made again


def _texts(folder: Path, part: Part) -> Path:
    return folder / f"{part}.txt"


def _rows(folder: Path, part: Part) -> Path:
    return folder / f"{part}.ids"


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line[:-1]
