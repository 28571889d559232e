"""Runs one peer in its own environment: JSON texts in on stdin, results and seconds out.

`python peer.py arabert|spacy|pysbd ROUNDS`: the first line out is the list of seconds of each
round, the second the list of results (for segmenters, the offsets at which sentences end).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def arabert() -> Callable[[str], Any]:
    from arabert.preprocess import ArabertPreprocessor

    return ArabertPreprocessor("bert-base-arabertv02").preprocess


def spacy() -> Callable[[str], Any]:
    import spacy as library

    pipeline = library.blank("ar")
    pipeline.add_pipe("sentencizer")
    pipeline.max_length = 10**9
    return lambda text: [sentence.end_char for sentence in pipeline(text).sents]


def pysbd() -> Callable[[str], Any]:
    import pysbd as library

    segmenter = library.Segmenter(language="ar", clean=False, char_span=False)

    def ends(text: str) -> list[int]:
        # Its own spans are known to be wrong (#49, #83): its pieces are looked for in order.
        found, cursor = [], 0
        for piece in segmenter.segment(text):
            place = text.find(piece.strip(), cursor)
            if place >= 0:
                cursor = place + len(piece.strip())
                found.append(cursor)
        return found

    return ends


if __name__ == "__main__":
    act = {"arabert": arabert, "spacy": spacy, "pysbd": pysbd}[sys.argv[1]]()
    texts = json.load(sys.stdin)
    seconds = []
    for _ in range(int(sys.argv[2])):
        start = time.perf_counter()
        results = [act(text) for text in texts]
        seconds.append(time.perf_counter() - start)
    print(json.dumps(seconds))
    print(json.dumps(results, ensure_ascii=True))
