"""Low-rank adapters (LoRA) in place of an encoder's own weights, by peft."""

from __future__ import annotations

import warnings

from model.errors import NabraError
from model.net.network import FramingNetwork
from train.settings import LoraConfig


def add_adapters(network: FramingNetwork, settings: LoraConfig) -> None:
    """Freeze the encoder, and give each of its linear layers an adapter that learns."""
    try:
        from peft import LoraConfig as Adapters
        from peft import get_peft_model
    except ImportError:
        raise NabraError(
            "training.lora", "peft is not installed", "pip install 'nabra[lora]', or lora: null"
        ) from None
    adapters = Adapters(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an older name
        network.encoder = get_peft_model(network.encoder, adapters)


def merge_adapters(network: FramingNetwork) -> None:
    """Add what the adapters learnt to the encoder's weights; nothing else of them remains."""
    if hasattr(network.encoder, "merge_and_unload"):
        network.encoder = network.encoder.merge_and_unload()
