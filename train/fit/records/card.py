"""The model card that lies in a checkpoint as README.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from model.tasks import DEFAULT_TASKS, LOADED_TERMS, STANCE, Task
from train.fit.encoder.names import SCRATCH
from train.fit.records.markdown import code, plain, table

_TAGS = {"classify": "text-classification", "tag": "token-classification"}
_MEASURES = {"macro_f1": "macro-F1", "span_f1_exact": "exact micro-F1"}
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)

_ABOUT = """\
A nabra classifier for Arabic news: it reads sentences and describes how they are worded. It does
not say who is right, or whether a report is true."""

_USE = """\
## Use

**Intended.** To find and count wording over many articles, with a person who reads what it finds
before drawing a conclusion; to compare how outlets name the same actors; as a first pass that
people then correct.

**Out of scope.** Rating or ranking an outlet, an author or a single sentence unseen. Deciding
whether something is true, lawful or to be removed. Any decision about a person. Languages other
than Arabic, and texts that are no news, unless it was trained on such.
"""

_LOADING = """\
## Loading

```python
from model import load

classifier = load("path/to/this/folder")
for prediction in classifier.predict(["…"]):
    print(prediction.to_dict())
```

`config.json`, `model.safetensors` and the tokenizer are read by `transformers` too, which then
gives the encoder alone; `nabra predict` takes whole archives."""


def model_card(name: str, record: Mapping[str, Any]) -> str:
    """Markdown from a checkpoint's record (`nabra.json`), for a person who finds the folder.

    What the record does not hold is left out; names from a config cannot become markup. The same
    record gives the same card.
    """
    given = record.get("tasks")
    tasks = DEFAULT_TASKS if given is None else [Task.from_dict(task) for task in given]
    parts = [
        _front_matter(record, tasks),
        f"# {plain(name)}",
        _ABOUT,
        *_what_it_reads(record, tasks),
        _LOADING,
        *_what_it_learned(record),
        *_teacher(record.get("teacher") or {}),
        *_scores(record.get("main_scores") or {}),
        *_calibration(record.get("calibration") or {}),
        _USE.rstrip(),
        *_limits(record),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(record: Mapping[str, Any], tasks: Sequence[Task]) -> str:
    """What a hub reads; the encoder is named where it came from one."""
    tags = ["nabra", "news-framing"] + (["stance-detection"] if STANCE in tasks else [])
    matter = {
        "language": ["ar"],
        "library_name": "transformers",
        "tags": tags + sorted({_TAGS[task.kind] for task in tasks}),
    }
    encoder = str(record.get("encoder", ""))
    if record.get("encoder_revision") and _HUB_ID.fullmatch(encoder):
        matter["base_model"] = encoder
    return f"---\n{yaml.safe_dump(matter, sort_keys=False)}---"


def _what_it_reads(record: Mapping[str, Any], tasks: Sequence[Task]) -> Iterator[str]:
    yield "## What it reads and gives"
    yield table(
        ("task", "reads", "gives", "labels"),
        (
            (code(task.name), *_in_and_out(task), ", ".join(map(code, task.labels)))
            for task in tasks
        ),
    )
    facts = {
        "preprocessing": "preprocessing, version",
        "parity": "preprocessing, parity",
        "max_length": "tokens read at once",
        "stride": "tokens that two windows of a longer sentence share",
        "context": "context read behind the sentence",
    }
    rows = [(title, code(record[key])) for key, title in facts.items() if key in record]
    if rows:
        yield table(("", ""), rows)


def _in_and_out(task: Task) -> tuple[str, str]:
    if task == STANCE:
        return "the holder's words, where they name the target, and its name", "one label"
    if task == LOADED_TERMS:
        return "a sentence", "spans of whole words"
    if task.kind == "tag":
        return "a text", "spans"
    return "a text beside a second one" if task.pair else "a text", "one label"


def _what_it_learned(record: Mapping[str, Any]) -> Iterator[str]:
    yield "## Training"
    versions = record.get("versions") or {}
    encoder = code(record.get("encoder", ""))
    facts = {
        "encoder": f"{encoder}, made from the training text"
        if record.get("encoder") == SCRATCH
        else encoder,
        "its revision": code(record.get("encoder_revision") or "none: not from a hub"),
        "weights": _number(record.get("num_parameters")),
        "training sentences": _number(record.get("num_sentences")),
        "seed": code(record.get("seed", "")),
        "versions": ", ".join(code(f"{name} {version}") for name, version in versions.items()),
    }
    sets = record.get("dataset_counts") or {}
    facts |= {f"sentences of {code(name)}": _number(count) for name, count in sets.items()}
    yield table(("", ""), facts.items())
    hashes = {"train": record.get("training_data_hash"), **(record.get("data_hashes") or {})}
    hashes |= {"config": record.get("config_hash"), "code": record.get("code_hash")}
    yield table(
        ("hash of", "SHA-256"),
        ((code(name), code(value)) for name, value in hashes.items() if value),
    )
    counts = list(_label_counts(record))
    if counts:
        yield "Labels in the training sentences:"
        yield table(
            ("task", "label", "count"),
            ((code(task), code(label), _number(count)) for task, label, count in counts),
        )
    if warnings := record.get("warnings"):
        yield "Said while it was trained:"
        yield "\n".join(f"- {plain(warning)}" for warning in warnings)


def _teacher(teacher: Mapping[str, Any]) -> Iterator[str]:
    """Of a distilled checkpoint: from whom it learned, and how far it says the same."""
    if not teacher:
        return
    yield "## Teacher"
    yield (
        "Most of the training sentences have no label of a person: another checkpoint read them,"
        " and this one learned how likely that held each label. Its errors may be learned, too."
    )
    facts = {
        "teacher": code(teacher["path"]),
        "SHA-256 of its checkpoint": code(teacher["sha256"]),
        "its encoder": code(teacher["encoder"]),
        "its weights": _number(teacher["num_parameters"]),
        "sentences that it labelled for training": _number(teacher["counts"]["train"]),
        "temperature of its labels": code(teacher["temperature"]),
        "calibrated on": plain(teacher["calibrated_on"]),
    }
    yield table(("", ""), facts.items())
    yield "Agreement with the teacher on held-out articles, whoever of the two is right:"
    yield table(
        ("task", "agreement", "labels or spans of the teacher"),
        (
            (
                code(name),
                f"{one['share']:.3f} {'F1 of spans' if one['kind'] == 'tag' else 'labels equal'}",
                _number(one["compared"]),
            )
            for name, one in teacher["agreement"].items()
        ),
    )


def _label_counts(record: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Task, label and number; nabra's own tasks may have labels from sets of other hands too."""
    counts: dict[tuple[str, str], int] = {}
    layers = ((STANCE.name, "stance_counts"), (LOADED_TERMS.name, "loaded_term_counts"))
    for task, key in layers:
        for label, count in (record.get(key) or {}).items():
            counts[task, label] = count
    for path, count in (record.get("other_counts") or {}).items():
        task, _, label = path.partition("/")
        counts[task, label] = counts.get((task, label), 0) + count
    for (task, label), count in sorted(counts.items()):
        yield task, label, count


def _scores(main_scores: Mapping[str, Any]) -> Iterator[str]:
    """By task and label with support; without any, who adds them."""
    yield "## Scores"
    tasks = main_scores.get("tasks") or {}
    if not tasks:
        yield "No scores by class yet: `nabra evaluate` adds them here."
    else:
        yield (
            "On the **test split**, which training did not see, counted over the sentences that are"
            " labelled for the task. Support is the number of gold labels or spans; spans count as"
            " found only with the same borders and label. The run's scorecard has the baselines"
            " and intervals beside them."
        )
    for name, scores in tasks.items():
        measure = _MEASURES.get(scores["measure"], scores["measure"])
        items = "spans" if scores["kind"] == "tag" else "labels"
        yield (
            f"### {code(name)}: {plain(measure)} {scores['value']:.3f}"
            f" ({_number(scores['support'])} {items})"
        )
        yield table(
            ("label", "precision", "recall", "F1", "support"),
            (
                (
                    code(label),
                    *(
                        f"{one[ratio]:.3f}" if one["support"] else "–"
                        for ratio in ("precision", "recall", "f1")
                    ),
                    _number(one["support"]),
                )
                for label, one in scores["labels"].items()
            ),
        )
    readings = {
        name: figures
        for name, figures in main_scores.items()
        if name != "tasks" and isinstance(figures, Mapping)
    }
    if readings:
        yield (
            "Main figures by reading (`test`: the test split; `folds`: grouped folds over all gold,"
            " each story predicted by a model that did not see it):"
        )
        yield table(
            ("reading", "figures"),
            (
                (code(name), ", ".join(_figure(key, value) for key, value in figures.items()))
                for name, figures in readings.items()
            ),
        )


def _calibration(calibration: Mapping[str, Any]) -> Iterator[str]:
    if not calibration:
        return
    yield "## Calibration"
    yield (
        "Logits are divided by temperatures that were fitted on the **validation split**."
        " ECE is the expected calibration error there, over labels, or a tag for each word and"
        " label. `sure` in a prediction is false below the threshold: above it at most the risk"
        " named is wrong, by a one-sided bound over stories. Where an archive mixes its labels"
        " otherwise than that split, neither holds."
    )
    yield table(
        ("task", "temperature", "labels", "ECE before", "after", "sure from", "share", "risk"),
        (
            (
                code(name),
                f"{one['temperature']:.3f}",
                _number(one["num_items"]),
                f"{one['ece_before']:.3f}",
                f"{one['ece_after']:.3f}",
                *(
                    ("no threshold", "–", "–")
                    if one["threshold"] is None
                    else (
                        f"{one['threshold']:.3f}",
                        f"{one['coverage']:.1%}",
                        f"{one['wished_risk']:.0%}",
                    )
                ),
            )
            for name, one in calibration.items()
        ),
    )
    notes = [
        f"- {code(name)}: the confidence of a span is corrected for how often such spans are"
        f" right; its ECE went from {one['span_ece_before']:.3f} to {one['span_ece_after']:.3f} by"
        " corrections that were fitted on other stories of that split"
        for name, one in calibration.items()
        if "span_slope" in one
    ]
    notes += [
        f"- {code(name)}: {plain(note)}"
        for name, one in calibration.items()
        for note in one.get("notes", ())
    ]
    if notes:
        yield "\n".join(notes)


def _limits(record: Mapping[str, Any]) -> Iterator[str]:
    yield "## Limits"
    lines = [
        f"It has learned from {_number(record.get('num_sentences'))} sentences. On other topics,"
        " outlets, dialects and years expect less than the scores above say.",
        "A score with a small support is little known: one label more or less moves it.",
        "The seeds of nabra are synthetic articles, all but one; a checkpoint that was"
        " trained on them alone has seen nothing else.",
        "What annotators disagree on, it does not know either.",
    ]
    if not record.get("calibration"):
        lines.append("Its probabilities are not calibrated: read them as an order, not as odds.")
    yield "\n".join(f"- {line}" for line in lines)
    yield "## Licence"
    yield (
        "nabra's code is under Apache-2.0. That says nothing about these weights: the encoder, the"
        " articles and every labelled set of other hands that they were trained on keep their own"
        " licences, and some allow research only. See to it that you may pass the weights on"
        " before you do."
    )


def _figure(key: str, value: object) -> str:
    return f"{plain(key)} {f'{value:.3f}' if isinstance(value, float) else plain(value)}"


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
