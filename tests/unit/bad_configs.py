"""Edits of a good config that make it a bad one, and what the message has to name."""

from __future__ import annotations

from pathlib import Path

CONFIGS = Path(__file__).parents[2] / "configs"
STANCE = "  stance: {kind: classify, labels: [favor, against, none], pair: true}\n"
LORA = "lora: {rank: 8, alpha: 16.0, dropout: 0.0}"

Edit = tuple[str, str]

# What is wrong: edits of configs/joint.yaml, and the keys that the message has to name.
BAD: dict[str, tuple[list[Edit], str]] = {
    # Keys that are unknown, missing, there twice, or of another type, at each depth.
    "a part unknown": ([("\nencoder:", "\nencodr:")], "encodr encoder"),
    "a part missing": (
        [("\nsilver:", "\n#"), ("  combine:", "#"), ("  min_confidence:", "#")],
        "silver",
    ),
    "a key unknown": (
        [("  warmup_ratio:", "  warmup_ration:")],
        "training.warmup_ration training.warmup_ratio",
    ),
    "a key of a set unknown": (
        [("    weight: 0.25", "    wieght: 0.25")],
        "datasets.mawqif.wieght datasets.mawqif.weight",
    ),
    "a key of a set missing": ([("    division:", "    #")], "datasets.mawqif.division"),
    "a key of a task unknown": (
        [(STANCE, STANCE.replace("pair", "pairs"))],
        "tasks.stance.pairs tasks.stance.pair",
    ),
    "a key of what may be null": (
        [("lora: null", LORA.replace("rank", "rnk"))],
        "training.lora.rnk training.lora.rank",
    ),
    "keys that stand twice": (
        [
            ("\nencoder:", "\nrevision: v2\nencoder:"),
            ("  seed: 5", "  seed: 5\n  seed: 6"),
            ("    task: stance", "    task: stance\n    task: stance"),
        ],
        "revision split.seed datasets.mawqif.task",
    ),
    "a dot for a level": ([("\nsplit:", "\ntraining.seed: 3\nsplit:")], "training.seed"),
    "a text for a list": ([("[seeds/articles]", "seeds/articles")], "data.articles"),
    "a list without an item": ([("[seeds/articles]", "[]")], "data.articles"),
    "an item of a list": (
        [("seeds: []", "seeds: [1, two, -3]")],
        "training.seeds.1 training.seeds.2",
    ),
    "a word for a part": (
        [("data:\n  articles: [seeds/articles]\n", "data: seeds\nmore:\n")],
        "data more",
    ),
    "a list for a part": ([("\nsilver:", "\nsilver: [majority]\nold:")], "silver old"),
    "no value": ([("  epochs: 5", "  epochs:")], "training.epochs"),
    "an empty text": ([("encoder: embedded", 'encoder: ""')], "encoder"),
    "names with other letters": (
        [(STANCE, STANCE + STANCE.replace("stance", "Stance-2")), ("  mawqif:", "  ma:wqif:")],
        "tasks.Stance-2 datasets.ma:wqif",
    ),
    # What YAML makes of it.
    "a number in quotation marks": (
        [("learning_rate: 5.0e-4", "learning_rate: '2e-5'")],
        "training.learning_rate",
    ),
    "no is no false": ([("compile: false", "compile: no")], "training.compile"),
    "odd numbers": (
        [
            ("  epochs: 5", "  epochs: 010"),
            ("batch_tokens: 1024", "batch_tokens: 1_024"),
            ("max_length: 128", "max_length: 0x80"),
            ("stride: 32", "stride: 1:30"),
            ("resamples: 1000", "resamples: 1e3"),
        ],
        "training.epochs training.batch_tokens training.max_length training.stride "
        "evaluation.resamples",
    ),
    "not finite": (
        [
            ("learning_rate: 5.0e-4", "learning_rate: 1e999"),
            ("weight_decay: 0.01", "weight_decay: .inf"),
            ("max_grad_norm: 1.0", "max_grad_norm: .nan"),
        ],
        "training.learning_rate training.weight_decay training.max_grad_norm",
    ),
    "true for a number": ([("  epochs: 5", "  epochs: true")], "training.epochs"),
    "a number for true": ([("events: true", "events: 1")], "split.events"),
    "an alias": (
        [("\nsplit:", "\nsplit: &shares"), ("\nsilver:", "\nsilver: *shares\nold:")],
        "silver old",
    ),
    "a merge key": (
        [("\nsplit:", "\nsplit: &shares"), ("  seed: 1\n", "  <<: *shares\n  seed: 1\n")],
        "training.<<",
    ),
    "a tag": (
        [("encoder: embedded", "encoder: !!python/object/apply:os.getcwd []")],
        "encoder",
    ),
    "a variable": (
        [("output_dir: null", "output_dir: ${oc.env:HOME}"), ("seeds/targets", "${HOME}/targets")],
        "output_dir data.targets",
    ),
    # Bounds.
    "out of bounds": (
        [
            ("  epochs: 5", "  epochs: 0"),
            ("dropout: 0.1", "dropout: 1.0"),
            ("  test: 0.2", "  test: -0.2"),
            ("min_confidence: 0.6", "min_confidence: 60"),
            ("    weight: 0.25", "    weight: 0"),
            ("  seed: 1\n", "  seed: -1\n"),
        ],
        "training.epochs training.dropout split.test silver.min_confidence "
        "datasets.mawqif.weight training.seed",
    ),
    "no such choice": (
        [
            ("parity: repaired", "parity: repair"),
            ("combine: majority", "combine: vote"),
            ("context: none", "context: title"),
            ("    division: stories", "    division: mine"),
            ("    kind: tag", "    kind: label"),
        ],
        "parity silver.combine training.context datasets.mawqif.division tasks.loaded_terms.kind",
    ),
    # What keys must hold together.
    "nothing is left to train on": (
        [("  test: 0.2", "  test: 0.9")],
        "split.validation split.test",
    ),
    "held out by what is not held out": (
        [("held_out: []", "held_out: [nabd-quds]")],
        "split.held_out",
    ),
    "heads": ([("  heads: 4", "  heads: 7")], "scratch.heads"),
    "labels": (
        [
            (
                STANCE,
                STANCE + "  one: {kind: classify, labels: [a], pair: true}\n"
                "  two: {kind: tag, labels: [a, b, a], pair: true}\n",
            ),
            ("    task: stance", "    task: stance\n    # "),
        ],
        "tasks.one tasks.one.labels tasks.two tasks.two.labels tasks.two.pair",
    ),
    "nabra's own tasks": (
        [(STANCE, STANCE.replace("favor", "pro")), ("praise, ", "")],
        "tasks.stance tasks.loaded_terms",
    ),
    "a task that nothing feeds": (
        [(STANCE, STANCE + "  tone: {kind: classify, labels: [a, b], pair: false}\n")],
        "tasks.tone",
    ),
    "a task whose name is taken": (
        [
            (STANCE, STANCE + "  mean: {kind: classify, labels: [a, b], pair: true}\n"),
            ("    task: stance", "    task: mean"),
        ],
        "tasks.mean",
    ),
    "a set of no task": ([("    task: stance", "    task: stanse")], "datasets.mawqif.task"),
    "a set of no format": ([("    format: mawqif", "    format: mawqf")], "datasets.mawqif.format"),
    "a set of another kind": (
        [("    task: stance", "    task: loaded_terms")],
        "datasets.mawqif.task",
    ),
    "a set without a division": (
        [("    division: stories", "    division: official")],
        "datasets.mawqif.division",
    ),
    "a set whose name is taken": ([("  mawqif:", "  own:")], "datasets.own"),
    "no field of an article": (
        [("columns: {}", "columns: {id: a, txt: body, source: c}")],
        "data.columns.txt data.columns.source",
    ),
    "best by none": ([("best_by: last", "best_by: stanze")], "training.best_by"),
    "best of nothing": (
        [("best_by: last", "best_by: loss"), ("  validation: 0.15", "  validation: 0.0")],
        "training.best_by",
    ),
    "patience for nothing": (
        [("early_stopping: null", "early_stopping: 3")],
        "training.early_stopping",
    ),
    "too long for a pass": ([("batch_tokens: 1024", "batch_tokens: 127")], "training.batch_tokens"),
    "windows that share all": ([("stride: 32", "stride: 61")], "training.stride"),
    "the same again": (
        [("seeds: []", "seeds: [1, 2, 1]"), ("  folds: 0", "  folds: 1")],
        "training.seeds training.folds",
    ),
    "layers that do not learn": (
        [("lora: null", LORA), ("layer_decay: 1.0", "layer_decay: 0.9")],
        "training.layer_decay",
    ),
    "a tracker unknown": (
        [("report_to: []", "report_to: [wandb, tensorbord]")],
        "training.report_to.1",
    ),
    # All of it at once.
    "many faults in many parts": (
        [
            ("\nparity:", "\nparty:"),
            ("  lexicon:", "  lexikon:"),
            ("    format: mawqif", "    format: ANS"),
            ("  seed: 5", "  seed: five\n  seed: 5"),
            ("  heads: 4", "  heads: 5"),
            ("batch_tokens: 1024", "batch_tokens: 100"),
            ("  save_steps: null ", "  save_step: null "),
            ("best_by: last", "best_by: accuracy"),
            ("  resamples: 1000", "  resamples: 10"),
        ],
        "party parity data.lexikon data.lexicon datasets.mawqif.format split.seed scratch.heads "
        "training.batch_tokens training.save_step training.save_steps training.best_by "
        "evaluation.resamples",
    ),
}


def edited(edits: list[Edit], name: str = "joint") -> str:
    text = (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


# What is no mapping of keys at all: what the message says, and where.
NO_MAPPING: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty"),
    "comments alone": ("# nabra run configs/joint.yaml\n", "is empty"),
    "a list": ("- encoder: scratch\n", "holds a list, where keys are to stand"),
    "a word": ("embedded\n", "holds one word, where keys are to stand"),
    "a tab": (
        edited([("  epochs: 5", "\tepochs: 5")]),
        r"line \d+: is no valid YAML: .* found character",
    ),
    "two documents": (
        edited([("\nsplit:", "\n---\nsplit:")]),
        r"line \d+: is no valid YAML: expected a single document",
    ),
    "a bracket left open": (edited([("\nsplit:", "\nsplit: [")]), "is no valid YAML"),
    "a quotation mark left open": (
        edited([("output_dir: null", "output_dir: 'x")]),
        "no valid YAML",
    ),
    "indented by one too many": (
        edited([("\nencoder:", "\n encoder:")]),
        r"line \d+: is no valid YAML",
    ),
    "NUL": (edited([("\nencoder:", "\nen\0coder:")]), "is no valid YAML: unacceptable character"),
    "a number past all bounds": (
        edited([("  epochs: 5", "  epochs: " + "9" * 5000)]),
        "training.epochs: should be a whole number",
    ),
    "nested too deep": (
        edited([("seeds: []", "seeds: " + "[" * 2000 + "]" * 2000)]),
        "is nested too deep",
    ),
    "cp1256": (
        edited([]).encode() + "# نبرة\n".encode("cp1256"),
        r"is not UTF-8 \(byte \d+\); save",
    ),
    "UTF-16": (edited([]).encode("utf-16"), r"is not UTF-8 \(byte 0\); save it as UTF-8"),
    "10 MB": (edited([]).encode() + b"# more\n" * 1_500_000, "is over 256 kB, as no config is"),
}
