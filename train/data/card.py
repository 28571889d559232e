"""The card of a dataset: what it holds and how it was made, for a person who finds the folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

_MOST_REASONS = 12


def dataset_card(manifest: Mapping[str, Any]) -> str:
    """Markdown from a dataset's manifest."""
    splits: Mapping[str, Mapping[str, Any]] = manifest["splits"]
    lines = [
        "# Labelled sentences",
        "",
        "Made by `nabra prepare`: sentences of Arabic news, each with voices, stances toward named"
        " targets, and loaded terms (character spans). A `datasets.DatasetDict`; read it with"
        " `datasets.load_from_disk`. `manifest.json` holds these counts, the hashes of everything"
        " that went in, and every record that was left out, with the reason.",
        "",
        *_table(
            ["", *splits],
            [[kind, *(counts[kind] for counts in splits.values())] for kind in _SIZES],
        ),
    ]
    for layer, title in _LAYERS:
        labels = sorted({label for counts in splits.values() for label in counts[layer]})
        rows = [[label, *(c[layer].get(label, 0) for c in splits.values())] for label in labels]
        if rows or layer in _OWN:
            lines += ["", f"## {title}", "", *_table(["", *splits], rows)]
    lines += [
        "",
        "`gold` was labelled by hand, `silver` by rules, with the rules and a confidence beside"
        " each label. Validation and test hold gold only. No story (near-duplicates, and reports of"
        " one event where that is known or found) stands in two splits.",
        "",
        "## Left out",
        "",
        *_left_out(manifest["dropped"]),
        "",
        "## Limits",
        "",
        "The labels describe wording, never who is right. Articles keep the licence of their"
        " source: see to it that you may pass them on before you pass this folder on.",
    ]
    return "\n".join(lines) + "\n"


_LAYERS = (
    ("stances", "Stances, by origin"),
    ("loaded_terms", "Loaded terms, by origin"),
    ("classes", "Labels of sets from other hands, by task"),
    ("spans", "Spans of sets from other hands, by task"),
)
_OWN = ("stances", "loaded_terms")
_SIZES = ("sentences", "articles", "stories")


def _table(head: list[str], rows: list[list[Any]]) -> list[str]:
    return [
        "| " + " | ".join(str(cell) for cell in row) + " |"
        for row in (head, ["---"] * len(head), *rows)
    ]


def _left_out(dropped: list[Mapping[str, Any]]) -> list[str]:
    if not dropped:
        return ["Nothing."]
    # What follows a colon names the one record.
    reasons = Counter(record["reason"].split(":")[0] for record in dropped)
    lines = [f"- {count}: {reason}" for reason, count in reasons.most_common(_MOST_REASONS)]
    rest = len(dropped) - sum(count for _, count in reasons.most_common(_MOST_REASONS))
    return lines + ([f"- {rest}: other reasons, in the manifest"] if rest else [])
