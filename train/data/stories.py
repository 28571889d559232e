"""Stories: the units that splits, folds and resampling keep whole.

Near-duplicates are one story, and so are reports of the same event where that is known or found.
The second is the looser step: outlets that differ in stance choose other words for one event, so it
finds a part of them and joins some neighbours besides; BENCHMARKS.md has the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from model.records import Article
from model.text.duplicates import find_near_duplicates
from model.text.words import bare_form, find_words

_LEAD_WORDS = 30  # of the body: who, what and where
_HEADLINE_WEIGHT = 2
_GRAM = 5
_SHORTEST_WORD = 3
_MOST_COMMON = 0.2  # a piece that stands in more of the articles tells nothing
_LEAST_SIMILAR = 0.3
_DAYS = 2
_ROWS = 2_000  # articles compared at a time


def find_copies(articles: Mapping[str, Article]) -> dict[str, str]:
    """Maps each article's id to the first of its near-duplicates, itself if it has none before."""
    return find_near_duplicates(
        (name, f"{article.headline}\n{article.text}") for name, article in articles.items()
    )


def join_stories(
    articles: Mapping[str, Article],
    first_of: Mapping[str, str],
    known: Mapping[str, str],
    *,
    events: bool,
) -> dict[str, str]:
    """Maps each article's id to its story.

    `first_of` is what `find_copies` gives. `known` names the stories of some articles; a story
    found takes the name of the known one that it holds (the first by name, where it joins
    several), else the id of its first article. `events`: whether to look for reports of one event,
    where the stories of the two are not known already.
    """
    ids = list(articles)
    number = {name: place for place, name in enumerate(ids)}
    pairs = [(number[name], number[first]) for name, first in first_of.items()]
    first_with: dict[str, int] = {}
    for name, story in known.items():
        if name in number:
            pairs.append((number[name], first_with.setdefault(story, number[name])))
    if events:
        pairs += [
            (one, other)
            for one, other in same_events(list(articles.values()))
            if not (ids[one] in known and ids[other] in known)
        ]
    groups = _connected(pairs, len(ids))
    names: dict[int, str] = {}
    for group, name in zip(groups, ids, strict=True):
        names.setdefault(group, name)
    for story in sorted(first_with, reverse=True):
        names[groups[first_with[story]]] = story
    return {name: names[group] for group, name in zip(groups, ids, strict=True)}


def same_events(
    articles: Sequence[Article], threshold: float = _LEAST_SIMILAR
) -> Iterator[tuple[int, int]]:
    """Pairs of places of articles, dated two days apart at most, that tell of one event.

    They are alike in headline and lead: cosine of TF-IDF over five-letter pieces of words. Articles
    without a date pair with none. Takes time with the number of articles of three days, squared.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    dated = sorted(
        (date.fromisoformat(article.published).toordinal(), place)
        for place, article in enumerate(articles)
        if article.published
    )
    if len(dated) < 2:
        return
    weigh = TfidfVectorizer(
        analyzer=_pieces, sublinear_tf=True, max_df=_MOST_COMMON if len(dated) > 20 else 1.0
    )
    try:
        rows = weigh.fit_transform(articles[place] for _, place in dated).tocsr()
    except ValueError:  # no article has a word
        return
    days = np.array([day for day, _ in dated])
    for start in range(0, len(dated), _ROWS):
        stop = min(start + _ROWS, len(dated))
        last = int(np.searchsorted(days, days[stop - 1] + _DAYS, side="right"))
        likeness = (rows[start:stop] @ rows[start:last].T).tocoo()
        left, right = likeness.row + start, likeness.col + start
        near = (left < right) & (days[right] - days[left] <= _DAYS)
        for one, other in zip(
            left[near & (likeness.data >= threshold)],
            right[near & (likeness.data >= threshold)],
            strict=True,
        ):
            yield dated[one][1], dated[other][1]


def _pieces(article: Article) -> list[str]:
    """The five-letter pieces of the words of headline and lead, without safe clitics."""
    lead = find_words(article.text[: _LEAD_WORDS * 20])[:_LEAD_WORDS]
    found = []
    for word in find_words(article.headline) * _HEADLINE_WEIGHT + lead:
        stem = bare_form(word.key)
        if len(stem) >= _SHORTEST_WORD and not stem.isdigit():
            padded = f" {stem} "
            found += [padded[i : i + _GRAM] for i in range(max(1, len(padded) - _GRAM + 1))]
    return found


def _connected(pairs: Sequence[tuple[int, int]], size: int) -> list[int]:
    """For each of `size` nodes the number of its connected component."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(size, size))
    return [int(group) for group in connected_components(graph, directed=False)[1]]
