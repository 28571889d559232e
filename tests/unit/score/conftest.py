"""Small labelled sentences, written by their words; offsets are looked up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from model.records import LabelledSentence, LoadedTerm, Mention, Stance, Voice
from tests.sentences import labelled
from train.score.outputs import SystemOutput

MakeSentence = Callable[..., LabelledSentence]


def _term(text: str, words: str, category: str, **fields: object) -> LoadedTerm:
    start = text.index(words)
    values = {"weak": False, "voice": "own", "target": None, "group": None} | fields
    return LoadedTerm(start, start + len(words), words, words, category, **values)


@pytest.fixture
def make_term() -> Callable[..., LoadedTerm]:
    """`make_term(text, words, category, weak=…, voice=…, target=…)`."""
    return _term


@pytest.fixture
def make_sentence() -> MakeSentence:
    """`make_sentence(text, story=…, stances=[…], terms=[…], direct=…)`.

    A stance is (target, label, mention, connotation); its holder is the source where the mention
    lies in `direct`. A term is (words, category) or (words, category, weak).
    """

    def make(
        text: str,
        story: str = "story",
        stances: Sequence[tuple[str, str | None, str, str]] = (),
        terms: Sequence[tuple[str, str] | tuple[str, str, bool]] = (),
        direct: str = "",
    ) -> LabelledSentence:
        quote = text.index(direct)
        quoted = range(quote, quote + len(direct))
        voices = (Voice(quote, quote + len(direct), "direct", None, None),) if direct else ()

        def stance(target: str, label: str | None, name: str, connotation: str) -> Stance:
            start = text.index(name)
            return Stance(
                target=target,
                holder="source" if start in quoted else "newsroom",
                speaker=None,
                mentions=(Mention(start, start + len(name), name, name, connotation),),
                label=label,
            )

        return labelled(
            text,
            voices=voices,
            outlet="outlet",
            story=story,
            stances=tuple(stance(*each) for each in stances),
            loaded_terms=tuple(
                _term(text, words, category, weak=weak == [True])
                for words, category, *weak in terms
            ),
        )

    return make


@pytest.fixture
def perfect() -> Callable[[LabelledSentence], SystemOutput]:
    """The output that repeats the gold labels."""
    return lambda sentence: SystemOutput(
        stances=tuple(str(stance.label) for stance in sentence.stances),
        loaded_terms=sentence.loaded_terms,
    )
