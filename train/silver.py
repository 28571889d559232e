"""DOOR: how well the labelling rules and their combined votes do on gold sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from model.console import new_app, run_app, say

if TYPE_CHECKING:
    from train.data.silver.combine import Combination, Votes

    GoldVotes = tuple[list[Votes], list[str | None], list[Votes], list[str | None]]

app = new_app()
_FOLDS = 5


@app.command()
def silver(
    gold: Annotated[Path, typer.Argument(help="annotations.jsonl, or real_gold.jsonl.")],
    articles: Annotated[list[str], typer.Argument(help="The articles that it labels.")],
    fit_on: Annotated[
        Path | None,
        typer.Option(help="Gold to fit on; else five folds of whole stories of GOLD itself."),
    ] = None,
    split: Annotated[str | None, typer.Option(help="dev or final, for real gold.")] = None,
    unlabelled: Annotated[
        list[str] | None, typer.Option(help="Articles without labels that Dawid-Skene sees too.")
    ] = None,
    targets: Annotated[Path, typer.Option(help="The list of targets.")] = Path(
        "seeds/targets.yaml"
    ),
    lexicon: Annotated[Path, typer.Option(help="The lexicon.")] = Path("seeds/loaded_terms.yaml"),
) -> None:
    """Score every labelling rule, and both ways to combine their votes, on stances and terms.

    Names and voices are those of gold. Nothing is scored on what it was fitted on.
    """
    from model.archive.read import read_articles
    from model.text.lexicon import Lexicon
    from model.text.targets import TargetList
    from train.data.annotations import read_annotations
    from train.data.silver.combine import Combination
    from train.data.silver.label import draft_article, vote, vote_on_gold
    from train.data.split import grouped_folds
    from train.data.standoff import read_gold
    from train.score.silver import score_rules

    terms = Lexicon.read(lexicon)
    sentences = read_gold(gold, {a.id: a for a in read_articles(articles)}, split, terms.name_term)
    if fit_on is not None:
        pairs = [(read_annotations(fit_on), sentences)]
    else:
        folds = grouped_folds(sentences, _FOLDS, seed=1)
        held = [{sentence.story for sentence in fold} for fold in folds]
        pairs = [
            ([s for s in sentences if s.story not in stories], fold)
            for stories, fold in zip(held, folds, strict=True)
        ]
    more: tuple[list[Votes], list[Votes]] = ([], [])
    names = TargetList.read(targets)
    for article in read_articles(unlabelled) if unlabelled else ():
        for stances, candidates in vote(draft_article(article, names, story=article.id), terms):
            more[0].extend(votes for _, votes in stances)
            more[1].extend(votes for _, votes in candidates)
    fitted = [(vote_on_gold(train, terms), vote_on_gold(test, terms)) for train, test in pairs]
    for layer, title in ((0, "stance"), (1, "loaded terms: keep or drop a candidate")):
        votes = [item for _, test in fitted for item in _layer(test, layer)[0]]
        labels = [str(label) for _, test in fitted for label in _layer(test, layer)[1]]
        say(f"\n{title}: {len(labels)} items", quiet=False)
        say(f"{'rule':24}{'votes':>7}{'coverage':>10}{'right':>8}", quiet=False)
        for rule in score_rules(votes, labels):
            line = f"{rule.name:24}{rule.num_votes:7}{rule.coverage:10.3f}{rule.accuracy:8.3f}"
            say(line, quiet=False)
        for combination in get_args(Combination):
            _say_combination(combination, fitted, layer, more[layer], labels)


def _layer(votes: GoldVotes, layer: int) -> tuple[list[Votes], list[str | None]]:
    """The votes and right labels of stances (0) or candidate terms (1)."""
    return (votes[0], votes[1]) if layer == 0 else (votes[2], votes[3])


def _say_combination(
    combination: Combination,
    fitted: Sequence[tuple[GoldVotes, GoldVotes]],
    layer: int,
    more: Sequence[Votes],
    labels: Sequence[str],
) -> None:
    from train.data.silver.combine import fit
    from train.score.silver import calibrate, macro_f1, score_labels

    decisions = []
    for train, test in fitted:
        known, right = _layer(train, layer)
        decide = fit(combination, [*known, *more], [*right, *([None] * len(more))])
        decisions += [decide(votes) for votes in _layer(test, layer)[0]]
    scores = score_labels([decision.label for decision in decisions], labels)
    say(f"{combination}: macro-F1 {macro_f1(scores):.3f}", quiet=False)
    for score in scores:
        say(
            f"  {score.label:10} precision {score.precision:.3f}  recall {score.recall:.3f}"
            f"  F1 {score.f1:.3f}  of {score.support}",
            quiet=False,
        )
    made = [(d, true) for d, true in zip(decisions, labels, strict=True) if d.label is not None]
    is_right = [decision.label == true for decision, true in made]
    say(f"  undecided: {len(decisions) - len(made)}", quiet=False)
    for item in calibrate([decision.confidence for decision, _ in made], is_right):
        line = f"{item.accuracy:.2f} right, {item.num_items} items"
        say(f"  confidence {item.confidence:.2f}: {line}", quiet=False)


if __name__ == "__main__":
    run_app(app)
