"""The model card that lies in a checkpoint as README.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def model_card(name: str, training: Mapping[str, Any]) -> str:
    """Markdown: what the model reads and gives, what it was trained on, what it is not for."""
    return f"""---
language: ar
library_name: transformers
tags: [stance-detection, token-classification, news-framing]
---

# {name}

A nabra classifier for the framing of Arabic news. For each target that a sentence names it reads
the holder's own words and says `favor`, `against` or `none`; and it marks loaded terms in six
categories. It describes wording. It does not say who is right, or whether a report is true.

| | |
| --- | --- |
| encoder | `{training["encoder"]}` |
| weights | {training["num_parameters"]:,} |
| training sentences | {training["num_sentences"]:,} |
| stances | {_counts(training["stance_counts"])} |
| loaded terms | {_counts(training["loaded_term_counts"])} |
| seed | {training["seed"]} |
| training data (SHA-256) | `{training["training_data_hash"]}` |
| config (SHA-256) | `{training["config_hash"]}` |

**Scores.** In `main_scores` of `nabra.json` once `nabra evaluate` has run, and in the run's
scorecard beside the baselines, with support and intervals.

**Use.** To find and count wording over many articles, with a person reading what it finds. Not to
rate an outlet, an author or a single sentence unseen.

**Limits.** A checkpoint trained on the seeds alone has seen synthetic articles about a few
conflicts; on other topics and dialects expect less than its scorecard says.
"""


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label} {number}" for label, number in sorted(counts.items())) or "none"
