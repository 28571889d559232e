"""DOOR: compiles the marked-up seeds into plain articles and annotations (`make seeds`)."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from model.errors import NabraError
from model.records import LabelledSentence
from model.text.lexicon import Lexicon
from model.text.targets import TargetList
from train.data.annotations import write_annotations
from train.data.inline import check_all, parse_labelled


def compile_seeds(root: Path) -> tuple[int, int]:
    """Write `articles/` and `annotations.jsonl` from `labelled/`; (articles, sentences).

    RecordError names every fault of the marked-up files, and then nothing is written.
    """
    targets = TargetList.read(root / "targets.yaml")
    lexicon = Lexicon.read(root / "loaded_terms.yaml")
    faults = check_all(root / "labelled", set(targets.targets), lexicon.name_term)
    if faults:
        raise NabraError(root / "labelled", f"{len(faults)} faults: " + " | ".join(faults))
    shutil.rmtree(root / "articles", ignore_errors=True)
    sentences: list[LabelledSentence] = []
    paths = sorted((root / "labelled").glob("*/*.txt"))
    for path in paths:
        labelled = parse_labelled(path, path.parent.name, lexicon.name_term)
        written = root / "articles" / path.parent.name / path.name
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(labelled.file_text, encoding="utf-8", newline="")
        sentences += labelled.sentences
    write_annotations(root / "annotations.jsonl", sentences)
    return len(paths), len(sentences)


if __name__ == "__main__":
    try:
        num_articles, num_sentences = compile_seeds(Path("seeds"))
    except NabraError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(f"{num_articles} articles, {num_sentences} labelled sentences\n")
