"""The readable source format of the seeds: one sentence a line, marks in the text, stances below.

`seeds/GUIDELINES.md` describes the format. `parse_labelled` turns one file into an article and its
labelled sentences; offsets are counted here, so that nobody writes one by hand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from model.archive.dates import to_iso_date
from model.errors import RecordError
from model.records import (
    HOLDERS,
    STANCE_LABELS,
    Article,
    LabelledSentence,
    LoadedTerm,
    Mention,
    Stance,
    Voice,
    article_id,
)
from model.text.attribution import voice_at

_MARK = re.compile(r"<(/?)([a-z]+)((?:\s+[a-z]+=\"[^\"<>]*\")*)\s*>")
_ATTRIBUTE = re.compile(r"([a-z]+)=\"([^\"]*)\"")
_CATEGORY = {
    "label": "label",
    "emotive": "emotive",
    "doubt": "doubt",
    "scare": "scare_quotes",
    "praise": "praise",
    "euphemism": "euphemism",
}
_VOICE = {"d": "direct", "r": "reported"}
_ATTRIBUTES = {"d": {"by", "cue"}, "r": {"by", "cue"}, "m": {"t", "c"}} | {
    mark: {"t", "weak", "g"} for mark in _CATEGORY
}

NameTerm = Callable[[str], str]
"""From a span's text to the form without clitics that is counted."""


@dataclass(slots=True)
class _Mark:
    name: str
    start: int
    attributes: dict[str, str]
    end: int = -1


@dataclass(slots=True)
class _Line:
    """One sentence as it stands in the file: its line number, marked text, and stance lines."""

    number: int
    marked: str
    section: str
    opens_paragraph: bool
    stances: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Labels:
    """What the marks and stance lines of one sentence say."""

    voices: tuple[Voice, ...]
    stances: tuple[Stance, ...]
    loaded_terms: tuple[LoadedTerm, ...]


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """An article with every sentence labelled, and the file that it stands for, byte by byte."""

    article: Article
    sentences: tuple[LabelledSentence, ...]
    file_text: str


def parse_labelled(path: Path, outlet: str, name_term: NameTerm) -> LabelledArticle:
    """Read one marked-up article. RecordError names the line of every fault that it finds."""
    head, lines = _read_lines(path)
    headline_lines = [line for line in lines if line.section == "headline"]
    body_lines = [line for line in lines if line.section == "body"]
    if len(headline_lines) != 1 or not body_lines:
        raise RecordError(path, "needs one [headline] sentence and at least one [body] sentence")

    parts: list[tuple[_Line, str, _Labels]] = []
    for line in lines:
        where = f"{path}:{line.number}"
        plain, marks = _strip_marks(where, line.marked)
        parts.append((line, plain, _read_labels(where, line, plain, marks, name_term)))

    headline, body, starts = "", "", {}
    for line, plain, _ in parts:
        if line.section == "headline":
            starts[line.number], headline = 0, plain
        else:
            body += ("\n\n" if line.opens_paragraph else " ") if body else ""
            starts[line.number] = len(body)
            body += plain

    published = to_iso_date(head.get("date"))
    if "date" in head and published is None:
        raise RecordError(path, f"{head['date']!r} is no date", "write it as الثلاثاء 2020/04/07")
    article = Article(
        id=article_id(headline, body),
        outlet=outlet,
        published=published,
        url=None,
        headline=headline,
        text=body,
        source=f"{path.parent.name}/{path.name}",
    )
    sentences = tuple(
        LabelledSentence(
            article_id=article.id,
            index=index,
            section="headline" if line.section == "headline" else "body",
            start=starts[line.number],
            end=starts[line.number] + len(plain),
            text=plain,
            outlet=outlet,
            published=published,
            story=head["story"],
            voices=labels.voices,
            stances=labels.stances,
            loaded_terms=labels.loaded_terms,
        )
        for index, (line, plain, labels) in enumerate(parts)
    )
    blocks = ([head["date"]] if "date" in head else []) + [headline, body]
    return LabelledArticle(article, sentences, "\n\n".join(blocks))


def parse_sentence(
    where: str, marked: str, stances: dict[str, str], name_term: NameTerm
) -> LabelledSentence:
    """One marked sentence that stands alone; `stances`: the label by target and holder, spaced.

    RecordError says what is wrong, at `where`.
    """
    line = _Line(0, marked, "body", opens_paragraph=True)
    line.stances += [(0, f"{who} {label}") for who, label in stances.items()]
    plain, marks = _strip_marks(where, marked)
    labels = _read_labels(where, line, plain, marks, name_term)
    return LabelledSentence(
        article_id=article_id("", plain),
        index=0,
        section="body",
        start=0,
        end=len(plain),
        text=plain,
        outlet="",
        published=None,
        story=where,
        voices=labels.voices,
        stances=labels.stances,
        loaded_terms=labels.loaded_terms,
    )


def _read_lines(path: Path) -> tuple[dict[str, str], list[_Line]]:
    head: dict[str, str] = {}
    lines: list[_Line] = []
    section, after_blank = "", False
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = raw.strip()
        where = f"{path}:{number}"
        if not text:
            after_blank = True
        elif text in ("[headline]", "[body]"):
            section = text[1:-1]
        elif not section:
            key, colon, value = text.partition(":")
            if not colon or key not in ("story", "date"):
                raise RecordError(where, f"{text!r} is no header", "use story: or date:")
            head[key] = value.strip()
        elif text.startswith("="):
            if not lines:
                raise RecordError(where, "a stance line before any sentence")
            lines[-1].stances.append((number, text[1:].strip()))
        else:
            lines.append(_Line(number, text, section, after_blank))
            after_blank = False
    if "story" not in head:
        raise RecordError(path, "the header story: is missing")
    return head, lines


def _strip_marks(where: str, marked: str) -> tuple[str, list[_Mark]]:
    """The sentence without its marks, and the marks with offsets into it."""
    plain, marks, stack = "", [], list[_Mark]()
    cursor = 0
    for match in _MARK.finditer(marked):
        plain += marked[cursor : match.start()]
        cursor = match.end()
        closing, name = match.group(1), match.group(2)
        if name not in _ATTRIBUTES:
            raise RecordError(where, f"unknown mark <{name}>")
        if not closing:
            attributes = dict(_ATTRIBUTE.findall(match.group(3)))
            if unknown := set(attributes) - _ATTRIBUTES[name]:
                raise RecordError(where, f"<{name}> takes no {', '.join(sorted(unknown))}")
            stack.append(_Mark(name, len(plain), attributes))
        elif not stack or stack[-1].name != name:
            raise RecordError(where, f"</{name}> closes nothing that is open")
        else:
            mark = stack.pop()
            mark.end = len(plain)
            marks.append(mark)
    plain += marked[cursor:]
    if stack:
        raise RecordError(where, f"<{stack[-1].name}> is never closed")
    if "<" in plain or ">" in plain:
        raise RecordError(where, "a stray < or > (is a mark misspelt?)")
    for mark in marks:
        _check_edges(where, plain, mark)
    return plain, sorted(marks, key=lambda mark: (mark.start, -mark.end))


def _check_edges(where: str, plain: str, mark: _Mark) -> None:
    text = plain[mark.start : mark.end]
    if not text or text != text.strip():
        raise RecordError(where, f"<{mark.name}> is empty or has white space at its edge: {text!r}")
    before, after = plain[: mark.start][-1:], plain[mark.end :][:1]
    if (before.isalnum() and text[0].isalnum()) or (after.isalnum() and text[-1].isalnum()):
        raise RecordError(where, f"<{mark.name}> cuts a word: {before}[{text}]{after}")


def _read_labels(
    where: str, line: _Line, plain: str, marks: list[_Mark], name_term: NameTerm
) -> _Labels:
    voices = tuple(
        Voice(
            start=mark.start,
            end=mark.end,
            kind=_VOICE[mark.name],  # type: ignore[arg-type]
            speaker=mark.attributes.get("by"),
            cue=mark.attributes.get("cue"),
        )
        for mark in marks
        if mark.name in _VOICE
    )
    mentions: dict[tuple[str, str, str | None], list[Mention]] = {}
    for mark in marks:
        if mark.name == "m":
            key = _holder_key(where, mark, voices)
            text = plain[mark.start : mark.end]
            connotation = mark.attributes.get("c", "neutral")
            mentions.setdefault(key, []).append(
                Mention(mark.start, mark.end, text, name_term(text), connotation)  # type: ignore[arg-type]
            )
    terms = tuple(
        LoadedTerm(
            start=mark.start,
            end=mark.end,
            text=(text := plain[mark.start : mark.end]),
            term=name_term(text),
            category=_CATEGORY[mark.name],  # type: ignore[arg-type]
            weak=mark.attributes.get("weak") == "1",
            voice=voice_at(voices, mark.start, mark.end),
            target=mark.attributes.get("t"),
            group=int(mark.attributes["g"]) if "g" in mark.attributes else None,
            origin="gold",
        )
        for mark in marks
        if mark.name in _CATEGORY
    )
    return _Labels(voices, _stances(where, line, mentions), terms)


def _holder_key(where: str, mark: _Mark, voices: tuple[Voice, ...]) -> tuple[str, str, str | None]:
    if "t" not in mark.attributes:
        raise RecordError(where, '<m> needs t="target"')
    for voice in voices:
        if voice.kind == "direct" and voice.start <= mark.start and mark.end <= voice.end:
            return mark.attributes["t"], "source", voice.speaker
    return mark.attributes["t"], "newsroom", None


def _stances(
    where: str, line: _Line, mentions: dict[tuple[str, str, str | None], list[Mention]]
) -> tuple[Stance, ...]:
    """One stance for each target, holder and speaker; the lines must name just the marked ones."""
    labels: dict[tuple[str, str], str] = {}
    for number, text in line.stances:
        words = text.split()
        if len(words) != 3 or words[1] not in HOLDERS or words[2] not in STANCE_LABELS:
            raise RecordError(
                f"{where} (line {number})",
                f"{text!r} is no stance line",
                "write = target newsroom|source favor|against|none",
            )
        if (words[0], words[1]) in labels:
            raise RecordError(
                f"{where} (line {number})", f"a second line for {words[0]} {words[1]}"
            )
        labels[words[0], words[1]] = words[2]
    named = {(target, holder) for target, holder, _ in mentions}
    if missing := sorted(named - set(labels)):
        raise RecordError(where, f"no stance line for {missing}")
    if extra := sorted(set(labels) - named):
        raise RecordError(where, f"a stance line for {extra}, which no <m> marks")
    return tuple(
        Stance(
            target=target,
            holder=holder,  # type: ignore[arg-type]
            speaker=speaker,
            mentions=tuple(found),
            label=labels[target, holder],  # type: ignore[arg-type]
            origin="gold",
        )
        for (target, holder, speaker), found in mentions.items()
    )


def check_all(root: Path, known_targets: set[str], name_term: NameTerm) -> list[str]:
    """Every fault of the labelled files under `root`, one line each; none if all is well."""
    faults: list[str] = []
    seen: Counter[str] = Counter()
    for path in sorted(root.glob("*/*.txt")):
        try:
            labelled = parse_labelled(path, path.parent.name, name_term)
        except RecordError as error:
            faults.append(str(error))
            continue
        seen[labelled.article.id] += 1
        for sentence in labelled.sentences:
            targets = {stance.target for stance in sentence.stances}
            targets |= {term.target for term in sentence.loaded_terms if term.target}
            faults += [
                f"{path}: unknown target {target!r}" for target in sorted(targets - known_targets)
            ]
    faults += [f"{root}: article {key} stands twice" for key, count in seen.items() if count > 1]
    return faults
