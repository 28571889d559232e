"""Vectors of words from how often they stand near one another, to begin a training with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from train.fit.pretrain.corpus import Ids

_WINDOW = 5  # tokens to each side; the nearer ones count more
_ROWS = 60_000  # of the corpus: more tokens change the vectors little
_CONTEXT_POWER = 0.75  # rare contexts are held back, as in word2vec
_SPREAD = 0.02  # the standard deviation that networks begin with


def cooccurrence_vectors(
    rows: Ids, vocabulary: int, width: int, *, seed: int
) -> npt.NDArray[np.float32]:
    """(vocabulary, width): the strongest directions of the positive pointwise mutual information.

    After Levy, Goldberg and Dagan (2015). A token that the rows do not hold has small chance
    numbers, as all have in a network by chance.
    """
    chance = np.random.default_rng(seed)
    if len(rows) > _ROWS:
        rows = rows[np.sort(chance.choice(len(rows), _ROWS, replace=False))]
    counts = sparse.csr_matrix((vocabulary, vocabulary), dtype=np.float32)
    for distance in range(1, _WINDOW + 1):
        left, right = rows[:, :-distance].ravel(), rows[:, distance:].ravel()
        weight = np.full(len(left), 1 / distance, dtype=np.float32)
        counts += sparse.csr_matrix((weight, (left, right)), shape=counts.shape)
    counts = (counts + counts.T).tocoo()
    totals = np.bincount(counts.row, counts.data, minlength=vocabulary)
    contexts = totals**_CONTEXT_POWER
    expected = totals[counts.row] * contexts[counts.col] / contexts.sum()
    counts.data = np.maximum(np.log(counts.data / expected), 0)
    left, strengths, _ = randomized_svd(
        counts.tocsr(), n_components=width, n_iter=3, random_state=seed
    )
    vectors = left * np.sqrt(strengths)
    vectors /= max(float(vectors.std()), 1e-12)
    noise = chance.standard_normal((vocabulary, width))
    is_known = (totals > 0)[:, None]
    return (_SPREAD * np.where(is_known, vectors, noise)).astype(np.float32)
