"""DOOR: how well the rules of `model/text` do on gold sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.console import new_app, run_app, say

if TYPE_CHECKING:
    from model.records import Article, LabelledSentence, Sentence
    from model.text.lexicon import Lexicon
    from model.text.targets import TargetList
    from train.score.rules import Hits

app = new_app()


@app.command()
def rules(
    gold: Annotated[Path, typer.Argument(help="annotations.jsonl, or real_gold.jsonl.")],
    articles: Annotated[list[str], typer.Argument(help="The articles that it labels.")],
    split: Annotated[str | None, typer.Option(help="dev or final, for real gold.")] = None,
    targets: Annotated[Path, typer.Option(help="The list of targets.")] = Path(
        "seeds/targets.yaml"
    ),
    lexicon: Annotated[Path, typer.Option(help="The lexicon.")] = Path("seeds/loaded_terms.yaml"),
    errors: Annotated[bool, typer.Option("--errors", help="Print every error, too.")] = False,
) -> None:
    """Score sentence ends, voices, names and loaded terms: precision, recall, F1, with support.

    Names and loaded terms are looked for in the gold sentences; loaded terms with gold names and
    voices. Voices are counted by characters, the others by exact spans.
    """
    from model.archive.read import read_articles
    from model.text.lexicon import Lexicon
    from model.text.targets import TargetList
    from train.data.standoff import read_gold

    found = {article.id: article for article in read_articles(articles)}
    term_list = Lexicon.read(lexicon)
    labelled: dict[str, list[LabelledSentence]] = {}
    for sentence in read_gold(gold, found, split, term_list.name_term):
        labelled.setdefault(sentence.article_id, []).append(sentence)
    tally = _Tally(show=errors)
    _score(tally, labelled, found, TargetList.read(targets), term_list)
    num_sentences = sum(map(len, labelled.values()))
    say(f"{len(labelled)} articles, {num_sentences} sentences", quiet=False)
    say(f"{'':16}{'precision':>10}{'recall':>8}{'F1':>7}{'gold':>8}{'found':>8}", quiet=False)
    for name, hits in tally.scores.items():
        line = f"{name:16}{hits.precision:10.3f}{hits.recall:8.3f}{hits.f1:7.3f}"
        say(f"{line}{hits.right + hits.missed:8}{hits.right + hits.wrong:8}", quiet=False)


class _Tally:
    """Hits by what was looked for; prints each error as it is counted, where asked to."""

    def __init__(self, *, show: bool) -> None:
        self.show = show
        self.scores: dict[str, Hits] = {}

    def count(
        self, name: str, whole: str, gold: set[tuple[Any, ...]], found: set[tuple[Any, ...]]
    ) -> None:
        """Compare items of one text; each is (start, end, what is said of it)."""
        from train.score.rules import Hits, count_hits

        self.scores[name] = self.scores.get(name, Hits()) + count_hits(gold, found)
        if self.show:
            for title, items in (("missed", gold - found), ("wrong", found - gold)):
                for start, end, *about in sorted(items):
                    around = whole[max(0, start - _AROUND) : start], whole[end : end + _AROUND]
                    held = f"{around[0]}[{whole[start:end]}]{around[1]}".replace("\n", " ")
                    say(f"{name} {title} {' '.join(map(str, about))}: {held}", quiet=False)

    def count_characters(self, name: str, whole: str, gold: set[int], found: set[int]) -> None:
        """Compare stretches by characters; an error is shown as a run of them."""
        from train.score.rules import Hits, count_hits

        self.scores[name] = self.scores.get(name, Hits()) + count_hits(gold, found)
        if self.show:
            for title, items in (("missed", gold - found), ("wrong", found - gold)):
                for place in sorted(items):
                    if place - 1 in items:
                        continue
                    end = next(n for n in range(place, len(whole) + 1) if n not in items)
                    if whole[place:end].strip(_TRIFLES):
                        held = f"{whole[max(0, place - _AROUND) : place]}[{whole[place:end]}]"
                        say(f"{name} {title}: {held}".replace("\n", " "), quiet=False)


_AROUND = 30  # characters on either side of an error
_TRIFLES = " .،:؛,"


def _score(
    tally: _Tally,
    labelled: Mapping[str, Sequence[LabelledSentence]],
    articles: Mapping[str, Article],
    targets: TargetList,
    lexicon: Lexicon,
) -> None:
    from model.text.sentences import segment
    from train.data.silver.wording import find_terms

    for article_id, gold in labelled.items():
        article = articles[article_id]
        # Only a prefix of an article may be labelled: what lies behind it is not judged.
        limit = max((s.end for s in gold if s.section == "body"), default=0)
        found = [
            sentence
            for sentence in segment(article)
            if sentence.section == "headline" or sentence.start < limit
        ]
        ends = [
            {(s.end - 1, s.end) for s in sentences if s.section == "body" and s.end < limit}
            for sentences in (gold, found)
        ]
        tally.count("sentence ends", article.text, *ends)
        for kind in ("direct", "reported"):
            for section, whole in (("headline", article.headline), ("body", article.text)):
                characters = (
                    _voiced(sentences, kind, section, limit) for sentences in (gold, found)
                )
                tally.count_characters(kind, whole, *characters)
        mentions = targets.find_mentions([sentence.text for sentence in gold])
        for sentence, listed in zip(gold, mentions, strict=True):
            known = {(m.start, m.end, s.target) for s in sentence.stances for m in s.mentions}
            names = {(mention.start, mention.end, target) for target, mention in listed}
            tally.count("names", sentence.text, known, names)
            terms = find_terms(sentence.text, sentence.voices, sentence.stances, lexicon)
            tally.count(
                "loaded terms",
                sentence.text,
                {(t.start, t.end, t.category) for t in sentence.loaded_terms},
                {(t.start, t.end, t.category) for t in terms},
            )


def _voiced(sentences: Iterable[Sentence], kind: str, section: str, limit: int) -> set[int]:
    """The characters of one section of an article that stand in one kind of voice."""
    return {
        sentence.start + place
        for sentence in sentences
        if sentence.section == section
        for voice in sentence.voices
        if voice.kind == kind
        for place in range(voice.start, voice.end)
        if section == "headline" or sentence.start + place < limit
    }


if __name__ == "__main__":
    run_app(app)
