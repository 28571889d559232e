"""An audit's result as a page, as Markdown, and as a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from train.score.ppi import Difference, Share
from train.score.render import markdown_table, markdown_tables, template
from train.score.shares import Audit, GroupShares, LabelShare
from train.score.tables import Table

_MOST_GROUPS = 20
_MISLED = " ✗"
_UNITS = {"stance": "stances", "loaded_terms": "sentences"}
Names = Mapping[str, str]


def audit_markdown(audit: Audit, names: Names) -> str:
    """The tables as GitHub Markdown; `names` gives a target's id what it is called."""
    first, *others = audit_tables(audit, names)
    parts = ["# Audit", *audit_lines(audit), markdown_table(first), first.note]
    return "\n\n".join([*parts, *markdown_tables(others)]) + "\n"


def audit_html(audit: Audit, names: Names) -> str:
    """One page that needs nothing else: no script, no font, no request."""
    return template("audit.html.j2").render(
        lines=audit_lines(audit), tables=audit_tables(audit, names)
    )


def audit_text(audit: Audit) -> str:
    """A line a label of the whole archive: naive share, corrected share with its interval."""
    whole = audit.groups[0]
    width = max(len(one.label) for one in whole.labels)
    lines = [
        f"  {one.label:<{width}}  naive {_percent(one.naive):>6}{_mark(one):<2}  "
        f"corrected {_share(one.corrected)}"
        for one in whole.labels
    ]
    return "\n".join([*audit_lines(audit)[:1], *lines])


def audit_lines(audit: Audit) -> list[str]:
    """What was coded of what, and what there is to mind."""
    units = _UNITS[audit.subject]
    first = (
        f"{audit.num_units} {units} in the archive, {audit.num_drawn} drawn, "
        f"{audit.num_coded} coded; shares in per cent of the {units}, with intervals at "
        f"{audit.level:.0%}."
    )
    return [first, *audit.notes]


def audit_tables(audit: Audit, names: Names) -> list[Table]:
    """The whole archive first, then a table for each trait, then the differences of each."""
    tables = []
    for trait in dict.fromkeys(one.trait for one in audit.groups):
        groups = [one for one in audit.groups if one.trait == trait]
        tables.append(_share_table(trait, groups, names))
    for trait in dict.fromkeys(one.trait for one in audit.differences):
        tables.append(_difference_table(audit, trait, names))
    return tables


def _share_table(trait: str, groups: Sequence[GroupShares], names: Names) -> Table:
    shown = groups[:_MOST_GROUPS]
    notes = [
        "Naive: the share of the predicted label. Corrected: predictions and coded sample together "
        "(prediction-powered). Sample alone: the same strata without scores.",
        f"{_MISLED.strip()} the naive share lies outside the corrected interval.",
    ]
    if trait != "all":
        notes = ["–: too few coded units."]
    if len(groups) > len(shown):
        notes.append(f"{len(groups) - len(shown)} smaller groups are in the JSON.")
    is_whole = trait == "all"
    rows = [
        (
            *((one.label,) if is_whole else (_name(trait, group.group, names), one.label)),
            f"{_percent(one.naive)}{_mark(one)}",
            _share(one.corrected),
            _share(one.sample_only),
            str(group.num_coded),
            str(group.size),
        )
        for group in shown
        for one in group.labels
    ]
    return Table(
        title="The whole archive" if is_whole else f"By {trait}",
        note=" ".join(notes),
        header=(
            *(("label",) if is_whole else (trait, "label")),
            *("naive", "corrected", "sample alone", "coded", "units"),
        ),
        rows=tuple(rows),
    )


def _difference_table(audit: Audit, trait: str, names: Names) -> Table:
    found = [one for one in audit.differences if one.trait == trait]
    return Table(
        title=f"Differences by {trait}",
        note="In points: the first less the second. Of many intervals at this level some miss.",
        header=("first", "second", "label", "naive", "corrected"),
        rows=tuple(
            (
                _name(trait, one.first, names),
                _name(trait, one.second, names),
                one.label,
                f"{100 * one.naive:+.1f}",
                _interval(100 * one.corrected.value, one.corrected, sign="+"),
            )
            for one in found
        ),
    )


def _name(trait: str, group: str, names: Names) -> str:
    return f"{names[group]} ({group})" if trait == "target" and group in names else group


def _mark(one: LabelShare) -> str:
    return _MISLED if one.is_misled else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _share(share: Share | None) -> str:
    return "–" if share is None else _interval(100 * share.value, share)


def _interval(value: float, ends: Share | Difference, sign: str = "") -> str:
    return f"{value:{sign}.1f} [{100 * ends.low:{sign}.1f}, {100 * ends.high:{sign}.1f}]"
