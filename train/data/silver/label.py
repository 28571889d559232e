"""Silver labels: many small rules vote, and their votes become labels with a confidence.

Items: each stance (sentence, target, holder) and each candidate for a loaded term. A rule votes for
one label of an item or abstains. Rules that look up one lexicon are not independent; `combine` says
what that does to the confidences, and `python -m train.silver` what it does to the scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import cast

from model.records import Article, Dropped, LabelledSentence, LoadedTerm, Stance, StanceLabel
from model.text.lexicon import Lexicon
from model.text.sentences import segment
from model.text.stances import draft_stances
from model.text.targets import TargetList
from train.data.silver.combine import Combination, Decide, Decision, Votes, fit
from train.data.silver.evidence import gather, note_habits
from train.data.silver.stance_rules import vote_on_stance
from train.data.silver.term_rules import DROP, KEEP, describe, propose, vote_on_term

_MARKS = '"“”«»‘’'

ItemVotes = tuple[list[tuple[Stance, Votes]], list[tuple[LoadedTerm, Votes]]]
"""The stances and the candidate terms of one sentence, each with its votes."""


@dataclass(frozen=True, slots=True)
class Labeller:
    """Labels articles by rules; what is less sure than `min_confidence` stays unlabelled."""

    targets: TargetList
    lexicon: Lexicon
    decide_stance: Decide
    decide_term: Decide
    min_confidence: float

    def label(
        self, article: Article, *, story: str
    ) -> tuple[list[LabelledSentence], list[Dropped]]:
        """The sentences of an article of some story, with silver labels.

        One in which the rules do not settle what is loaded is left out: a term that is missing
        there would teach that it is none. An unsettled stance is only left without a label.
        """
        labelled, dropped = [], []
        drafts = draft_article(article, self.targets, story=story)
        for sentence, votes in zip(drafts, vote(drafts, self.lexicon), strict=True):
            if all(self._is_sure(self.decide_term(item)) for _, item in votes[1]):
                labelled.append(self.label_sentence(sentence, votes))
            else:
                where = f"{article.source}: {sentence.section} {sentence.start}"
                dropped.append(Dropped(where, "the rules do not settle what is loaded"))
        return labelled, dropped

    def label_sentence(self, sentence: LabelledSentence, votes: ItemVotes) -> LabelledSentence:
        """The sentence with what its votes decide."""
        stances, terms = votes
        return replace(
            sentence,
            stances=tuple(
                self._judged(stance, self.decide_stance(item)) for stance, item in stances
            ),
            loaded_terms=tuple(
                replace(term, origin="silver", rules=decision.rules, confidence=decision.confidence)
                for term, item in terms
                if (decision := self.decide_term(item)).label == KEEP and self._is_sure(decision)
            ),
        )

    def _is_sure(self, decision: Decision) -> bool:
        return decision.label is not None and decision.confidence >= self.min_confidence

    def _judged(self, stance: Stance, decision: Decision) -> Stance:
        is_sure = self._is_sure(decision)
        return replace(
            stance,
            label=cast(StanceLabel, decision.label) if is_sure else None,
            origin="silver",
            rules=decision.rules,
            confidence=decision.confidence,
        )


def label_article(
    article: Article, targets: TargetList, lexicon: Lexicon, *, story: str
) -> list[LabelledSentence]:
    """The sentences of an article with what most rules say of them: drafts for a person."""
    labeller = Labeller(targets, lexicon, fit("majority", []), fit("majority", []), 0.0)
    drafts = draft_article(article, targets, story=story)
    return [
        labeller.label_sentence(sentence, votes)
        for sentence, votes in zip(drafts, vote(drafts, lexicon), strict=True)
    ]


def fit_labeller(
    targets: TargetList,
    lexicon: Lexicon,
    *,
    combination: Combination,
    min_confidence: float,
    gold: Sequence[LabelledSentence],
    unlabelled: Iterable[Article] = (),
) -> Labeller:
    """Learn how far to trust the rules from gold sentences and from articles without labels.

    `gold` is training gold alone: give it no sentence that something is scored on.
    """
    stance_votes, stance_labels, term_votes, term_labels = vote_on_gold(gold, lexicon)
    for article in unlabelled:
        for stances, terms in vote(draft_article(article, targets, story=article.id), lexicon):
            stance_votes += [votes for _, votes in stances]
            term_votes += [votes for _, votes in terms]
    unknown: list[str | None] = [None]
    return Labeller(
        targets,
        lexicon,
        fit(
            combination,
            stance_votes,
            stance_labels + unknown * (len(stance_votes) - len(stance_labels)),
        ),
        fit(combination, term_votes, term_labels + unknown * (len(term_votes) - len(term_labels))),
        min_confidence,
    )


def vote_on_gold(
    gold: Sequence[LabelledSentence], lexicon: Lexicon
) -> tuple[list[Votes], list[str | None], list[Votes], list[str | None]]:
    """The votes on the stances and on the candidate terms of gold sentences, with what is right."""
    stance_votes: list[Votes] = []
    stance_labels: list[str | None] = []
    term_votes: list[Votes] = []
    term_labels: list[str | None] = []
    for _, article in groupby(gold, key=lambda sentence: sentence.article_id):
        sentences = list(article)
        for sentence, (stances, terms) in zip(sentences, vote(sentences, lexicon), strict=True):
            right = {(term.start, term.end, term.category) for term in sentence.loaded_terms}
            stance_votes += [votes for _, votes in stances]
            stance_labels += [stance.label for stance, _ in stances]
            term_votes += [votes for _, votes in terms]
            term_labels += [
                KEEP if (term.start, term.end, term.category) in right else DROP
                for term, _ in terms
            ]
    return stance_votes, stance_labels, term_votes, term_labels


def draft_article(article: Article, targets: TargetList, *, story: str) -> list[LabelledSentence]:
    """An article's sentences with voices and names, and no label yet."""
    sentences = segment(article)
    mentions = targets.find_mentions([sentence.text for sentence in sentences])
    return [
        LabelledSentence.extend(
            sentence,
            outlet=article.outlet,
            published=article.published,
            story=story,
            stances=draft_stances(found, sentence.voices),
            loaded_terms=(),
        )
        for sentence, found in zip(sentences, mentions, strict=True)
    ]


def vote(article: Sequence[LabelledSentence], lexicon: Lexicon) -> list[ItemVotes]:
    """For each sentence of one article the votes on its stances and on its candidate terms.

    Names and voices are taken as they stand; labels are not looked at.
    """
    habits = note_habits([(sentence.text, sentence.stances) for sentence in article])
    num_mentions = sum(len(stance.mentions) for s in article for stance in s.stances)
    scene = describe([sentence.text for sentence in article], num_mentions)
    voted: list[ItemVotes] = []
    for sentence in article:
        mentions = [(s.target, mention) for s in sentence.stances for mention in s.mentions]
        mentions.sort(key=lambda item: item[1].start)
        candidates = propose(sentence, mentions, lexicon, scene)
        terms = [candidate.term for candidate in candidates if candidate.entry is not None]
        evidence = gather(sentence, sentence.stances, terms, lexicon, habits)
        voted.append(
            (
                [(item.stance, vote_on_stance(item)) for item in evidence],
                [(item.term, vote_on_term(item)) for item in candidates],
            )
        )
    return voted
