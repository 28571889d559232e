"""Labelled sentences for tests, of which each test says only what matters to it."""

from __future__ import annotations

from typing import Any

from model.records import LabelledSentence, Mention, Stance, StanceLabel


def labelled(text: str, **more: Any) -> LabelledSentence:
    """A sentence of the body of some article, without labels but for what is given."""
    known: dict[str, Any] = {
        "article_id": "a",
        "index": 0,
        "section": "body",
        "start": 0,
        "end": len(text),
        "text": text,
        "voices": (),
        "outlet": "paper",
        "published": None,
        "story": "s",
        "stances": (),
        "loaded_terms": (),
    }
    return LabelledSentence(**{**known, **more})


def stance_of(text: str, target: str, name: str, label: StanceLabel = "none") -> Stance:
    """The newsroom's stance toward a target that the text names neutrally, once."""
    start = text.index(name)
    mention = Mention(start, start + len(name), name, name, "neutral")
    return Stance(target, "newsroom", None, (mention,), label)
