"""DOOR: how well the rules of `model/text` do on gold sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    scores = _score(labelled, found, TargetList.read(targets), term_list)
    num_sentences = sum(map(len, labelled.values()))
    say(f"{len(labelled)} articles, {num_sentences} sentences", quiet=False)
    say(f"{'':16}{'precision':>10}{'recall':>8}{'F1':>7}{'gold':>8}{'found':>8}", quiet=False)
    for name, hits in scores.items():
        line = f"{name:16}{hits.precision:10.3f}{hits.recall:8.3f}{hits.f1:7.3f}"
        say(f"{line}{hits.right + hits.missed:8}{hits.right + hits.wrong:8}", quiet=False)


def _score(
    labelled: Mapping[str, Sequence[LabelledSentence]],
    articles: Mapping[str, Article],
    targets: TargetList,
    lexicon: Lexicon,
) -> dict[str, Hits]:
    from model.text.sentences import segment
    from train.data.silver.wording import find_terms
    from train.score.rules import Hits, count_hits

    names = ("sentence ends", "direct", "reported", "names", "loaded terms")
    scores = dict.fromkeys(names, Hits())
    for article_id, gold in labelled.items():
        # Only a prefix of an article may be labelled: what lies behind it is not judged.
        limit = max((s.end for s in gold if s.section == "body"), default=0)
        found = [
            sentence
            for sentence in segment(articles[article_id])
            if sentence.section == "headline" or sentence.start < limit
        ]
        ends = [
            {s.end for s in sentences if s.section == "body" and s.end < limit}
            for sentences in (gold, found)
        ]
        scores["sentence ends"] += count_hits(*ends)
        for kind in ("direct", "reported"):
            characters = (_voiced(sentences, kind, limit) for sentences in (gold, found))
            scores[kind] += count_hits(*characters)
        mentions = targets.find_mentions([sentence.text for sentence in gold])
        for sentence, listed in zip(gold, mentions, strict=True):
            known = {(s.target, m.start, m.end) for s in sentence.stances for m in s.mentions}
            scores["names"] += count_hits(known, {(t, m.start, m.end) for t, m in listed})
            terms = find_terms(sentence.text, sentence.voices, sentence.stances, lexicon)
            scores["loaded terms"] += count_hits(
                {(t.start, t.end, t.category) for t in sentence.loaded_terms},
                {(t.start, t.end, t.category) for t in terms},
            )
    return scores


def _voiced(sentences: Iterable[Sentence], kind: str, limit: int) -> set[tuple[str, int]]:
    """The characters of an article that stand in one kind of voice, by section."""
    return {
        (sentence.section, sentence.start + place)
        for sentence in sentences
        for voice in sentence.voices
        if voice.kind == kind
        for place in range(voice.start, voice.end)
        if sentence.section == "headline" or sentence.start + place < limit
    }


if __name__ == "__main__":
    run_app(app)
