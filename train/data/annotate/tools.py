"""The annotation tools: which there are, how tasks are written for each, what to do with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.records import LabelledSentence


class Tool(StrEnum):
    """Where annotators work."""

    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"
    INCEPTION = "inception"
    CSV = "csv"


NEXT_STEPS = {
    Tool.LABEL_STUDIO: "paste config.xml under Settings → Labeling Interface → Code, import "
    "tasks.json; afterwards export as JSON",
    Tool.DOCCANO: "a Sequence Labeling project with «allow overlapping spans» and «use relations», "
    "without «count grapheme clusters»; import span_types.json and relation_types.json under "
    "Labels, tasks.jsonl as JSONL (Relation); afterwards export as JSONL",
    Tool.INCEPTION: "import layers.xml under Settings → Layers, set Details → Script direction to "
    "right-to-left, import documents/ as UIMA CAS JSON; afterwards export the project, or a "
    "document in that format",
    Tool.CSV: "a row for each sentence and label; add a label with the task, the layer and the "
    "quoted words",
}


def write_tasks(
    tool: Tool, folder: Path, sentences: Sequence[LabelledSentence], names: Mapping[str, str]
) -> list[Path]:
    """The tool's files in the folder; `names` gives each target's id its name."""
    from train.data.annotate import doccano, inception, label_studio, table

    match tool:
        case Tool.LABEL_STUDIO:
            return label_studio.write_tasks(folder, sentences, names)
        case Tool.DOCCANO:
            return doccano.write_tasks(folder, sentences, names)
        case Tool.INCEPTION:
            return inception.write_tasks(folder, sentences)
        case Tool.CSV:
            return table.write_tasks(folder, sentences)
