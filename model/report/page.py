"""The framing report as one HTML page that asks nothing of the network.

Articles are hostile text: every value is escaped, its control characters are made visible, and a
policy in the page lets run only the style and the script that were written here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from model.records import Holder, Prediction
from model.report.framing import (
    FramingReport,
    StanceCount,
    TargetFraming,
    TargetInOutlet,
    TargetName,
    TermUse,
)
from model.report.marks import Segment, cut_into_runs
from model.tasks import DEFAULT_TASKS

# What the page shows at most; whatever is left out, the page says how much that is.
LIMITS = {
    "outlets": 24,
    "targets": 40,
    "charts": 8,
    "bars": 12,
    "names": 5,
    "terms": 12,
    "term_outlets": 4,
    "sentences": 60,
    "open_articles": 3,
}

FEW = 10
"""Below this many judged sentences a bar is marked: its shares say little."""


@dataclass(frozen=True, slots=True)
class ShownCategory:
    """How a category of loaded terms is shown: the sign keeps it readable without colour."""

    key: str
    sign: str
    name: str
    name_ar: str
    gloss: str


CATEGORIES = {
    category.key: category
    for category in (
        ShownCategory(
            "label", "N", "Loaded name", "تسمية محمّلة", "a name or epithet that judges an actor"
        ),
        ShownCategory(
            "emotive", "C", "Charged wording", "لفظ مشحون", "words that move more than they tell"
        ),
        ShownCategory("doubt", "D", "Doubt", "تشكيك", "distances the writer from a claim"),
        ShownCategory(
            "scare_quotes", "Q", "Scare quotes", "تنصيص تشكيكي", "marks that distance from a name"
        ),
        ShownCategory("praise", "P", "Praise", "تمجيد", "words that glorify"),
        ShownCategory("euphemism", "E", "Euphemism", "تلطيف", "words that play down"),
    )
}

STANCE_SIGNS = {"against": "▼", "none": "○", "favor": "▲"}
CONNOTATION_SIGNS = {"pejorative": "−", "laudatory": "+", "neutral": ""}
SCORE_NAMES = {
    "macro_f1": "stance, macro-F1",
    "span_f1_exact": "loaded terms, F1 of exact spans",
    "span_f1_overlap": "loaded terms, F1 by overlap",
}
TASK_MEASURES = {"macro_f1": "macro-F1", "span_f1_exact": "F1 of exact spans"}
HOLDER_NAMES = {"newsroom": "Newsroom", "source": "Quoted source"}


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a stacked bar; `x` and `width` are percentages of the bar."""

    label: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The newsrooms' stances toward one target: a bar for each outlet that judged it most often."""

    target: TargetFraming
    bars: tuple[TargetInOutlet, ...]
    num_more: int


def render_page(report: FramingReport, *, title: str, manifest: Mapping[str, Any]) -> str:
    """The whole page. The `main_scores` of the predictions' manifest are shown as its quality."""
    environment = _environment()
    style = environment.get_template("style.css.j2").render()
    script = environment.get_template("filter.js.j2").render()
    return environment.get_template("report.html.j2").render(
        report=report,
        title=title,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        scores=_scores(manifest.get("main_scores")),
        provenance=dict(_flat({k: v for k, v in manifest.items() if k != "main_scores"})),
        outlet_ids={item.outlet: number for number, item in enumerate(report.outlets)},
        target_ids={item.target.id: number for number, item in enumerate(report.targets)},
        target_names={item.target.id: item.target for item in report.targets},
        charts=_charts(report),
        terms=_terms_by_category(report),
    )


@cache
def _environment() -> Environment:
    # Not select_autoescape: it leaves *.html.j2 unescaped.
    environment = Environment(
        loader=PackageLoader("model.report"),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        runs=cut_into_runs,
        by_outlet=_by_outlet,
        outlets_of=_outlets_of,
        named=_named,
        parts=_parts,
        rate=_rate,
        share=_share,
        web_address=_web_address,
    )
    environment.globals.update(
        limits=LIMITS,
        few=FEW,
        categories=CATEGORIES,
        stance_signs=STANCE_SIGNS,
        connotation_signs=CONNOTATION_SIGNS,
        holder_names=HOLDER_NAMES,
        sign_of=_sign_of,
        told=_told,
    )
    return environment


# Explicit directions reorder what follows them, other controls and lone surrogates break the page.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def _visible(value: object) -> object:
    """Passes every value on its way into the page; markup made here is left alone."""
    if isinstance(value, Markup):
        return value
    return _UNSEEN.sub(lambda match: f"[U+{ord(match[0]):04X}]", str(value))


def _policy(style: str, script: str) -> str:
    """A content security policy under which nothing loads, and only this style and script apply."""
    digests = (hashlib.sha256(text.encode()).digest() for text in (style, script))
    style_hash, script_hash = (f"'sha256-{base64.b64encode(d).decode()}'" for d in digests)
    return (
        f"default-src 'none'; style-src {style_hash}; script-src {script_hash}; "
        "base-uri 'none'; form-action 'none'"
    )


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested mappings as lines of text; a list is only counted, it may be long."""
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping):
            yield from _flat(item, f"{name} · ")
        elif isinstance(item, list | tuple):
            yield name, f"{len(item)} entries"
        else:
            yield name, f"{item:.3f}" if isinstance(item, float) else str(item)


def _scores(main_scores: object) -> dict[str, dict[str, str]]:
    """The scores by reading (test, folds); scores of no reading stand under an empty name."""
    if not isinstance(main_scores, Mapping):
        return {}
    readings: dict[str, dict[str, str]] = {}
    told = [task.name for task in DEFAULT_TASKS] if "test" in main_scores else []
    for name, value in main_scores.items():
        if name == "tasks" and isinstance(value, Mapping):  # scores by label fill a scorecard
            value = {
                _name_task(str(task), scores): scores.get("value")
                for task, scores in value.items()
                if isinstance(scores, Mapping) and task not in told
            }
            if not value:
                continue
        reading, scores = (name, value) if isinstance(value, Mapping) else ("", {name: value})
        named = {SCORE_NAMES.get(key, key): text for key, text in _flat(scores)}
        readings[reading] = readings.get(reading, {}) | named
    return readings


def _name_task(task: str, scores: Mapping[str, Any]) -> str:
    measure = str(scores.get("measure"))
    return f"{task}, {TASK_MEASURES.get(measure, measure)} (n={scores.get('support')})"


def _charts(report: FramingReport) -> tuple[Chart, ...]:
    """The targets that newsrooms were judged on most often, with their outlets."""
    found: list[tuple[int, Chart]] = []
    for target in report.targets:
        judged = [cell for cell in target.outlets if cell.newsroom.stances.judged]
        judged.sort(key=lambda cell: -cell.newsroom.stances.judged)
        support = sum(cell.newsroom.stances.judged for cell in judged)
        bars = tuple(judged[: LIMITS["bars"]])
        found.append((support, Chart(target, bars, len(judged) - len(bars))))
    found.sort(key=lambda item: -item[0])
    return tuple(chart for support, chart in found[: LIMITS["charts"]] if support)


def _parts(stances: StanceCount) -> list[Part]:
    """The stacked pieces of a bar, from against to favor; empty ones are left out."""
    parts, x = [], 0.0
    for label in STANCE_SIGNS:
        count = getattr(stances, label)
        if count:
            width = 100 * count / stances.judged
            parts.append(Part(label, count, round(x, 2), round(width, 2)))
            x += width
    return parts


def _terms_by_category(report: FramingReport) -> dict[str, Sequence[TermUse]]:
    return {key: [use for use in report.terms if use.category == key] for key in CATEGORIES}


def _by_outlet(target: TargetFraming) -> dict[str, TargetInOutlet]:
    return {cell.outlet: cell for cell in target.outlets}


def _named(sentences: Iterable[Prediction], target_ids: Mapping[str, int]) -> str:
    """The numbers of all targets that the sentences name, for the filter."""
    named = {stance.target for sentence in sentences for stance in sentence.stances}
    return " ".join(str(number) for number in sorted(target_ids[target] for target in named))


def _outlets_of(use: TermUse, holder: Holder) -> list[tuple[str, int]]:
    """The outlets in which this holder uses the term, and how often."""
    counts = [(outlet, getattr(count.every, holder)) for outlet, count in use.outlets]
    return sorted((item for item in counts if item[1]), key=lambda item: -item[1])


def _rate(count: int, words: int) -> str:
    """Per 1000 words; a dash where there are no words to count in."""
    return f"{1000 * count / words:.1f}" if words else "–"


def _share(count: int, total: int) -> str:
    """`12 of 140 (9%)`: a share never stands without its support."""
    return f"{count} of {total} ({100 * count / total:.0f}%)" if total else "0 of 0"


def _sign_of(segment: Segment) -> str:
    """What stands, raised, behind a segment: the signs of all that ends there."""
    signs = [CATEGORIES[term.category].sign for term in segment.ends_terms]
    if segment.mention and segment.ends_mention:
        signs.append(CONNOTATION_SIGNS[segment.mention.connotation])
    return "".join(signs)


def _told(segment: Segment, names: Mapping[str, TargetName]) -> str:
    """The tooltip of a segment: what is marked there, and of whom."""
    parts = []
    if segment.mention and segment.target:
        parts.append(f"{segment.mention.connotation} name of {names[segment.target].name_en}")
    for term in segment.terms:
        told = ("weak " if term.weak else "") + CATEGORIES[term.category].name.lower()
        told += f", said of {names[term.target].name_en}" if term.target else ""
        told += f", confidence {term.confidence:.2f}" if term.confidence is not None else ""
        parts.append(told)
    return " · ".join(parts)


def _web_address(url: str | None) -> str | None:
    """The address if it is one of the web's: a link must not hold a script."""
    return url if url and re.match(r"https?://[^\s/]", url) else None
