"""A checkpoint of AraBERT's size, 12 × 768 with 64,000 pieces, with weights by chance."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

from model import normalize
from model.net.checkpoint import save_checkpoint
from model.net.encoding import TextEncoder, register_placeholders
from model.net.network import FramingNetwork
from tests.conftest import ROOT
from train.fit.encoder.compact import train_tokenizer

VOCABULARY = 64_000
OUTSIDE = 4.0  # so that few words are found to be loaded, as in a network that has learnt


def write_arabert_sized(folder: Path, data: Path) -> Path:
    """Vocabulary from the first articles of the large corpus."""
    corpus = data / "corpora/sanad_alkhaleej.jsonl.gz"
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        views = [normalize(json.loads(line)["text"]).text for line in islice(lines, 4000)]
    tokenizer = train_tokenizer(views, VOCABULARY)
    register_placeholders(tokenizer)
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id)
    network = FramingNetwork(BertModel(config, add_pooling_layer=False), 0.0).eval()
    with torch.no_grad():
        network.heads["loaded_terms"].bias.view(-1, 3)[:, 0] += OUTSIDE
    save_checkpoint(
        folder,
        network,
        TextEncoder(tokenizer, 256),
        lists=(ROOT / "seeds/targets.yaml", ROOT / "seeds/loaded_terms.yaml"),
        training={"encoder": "weights by chance"},
        card="# Weights by chance\n",
    )
    return folder
