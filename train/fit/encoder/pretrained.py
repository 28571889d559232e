"""A folder of a pretrained encoder, read: no code of its makers runs, nothing of it is made up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from model.errors import InputError

CONFIG = "config.json"
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", ".model")  # .model: sentencepiece
_WEIGHTS = (  # in the order in which transformers looks for them
    ("model.safetensors", "model.safetensors"),
    ("model.safetensors.index.json", "model-*.safetensors"),
    ("pytorch_model.bin", "pytorch_model.bin"),
    ("pytorch_model.bin.index.json", "pytorch_model-*.bin"),
)
_CHOOSE = "name an encoder such as aubmindlab/bert-base-arabertv02"


def read_pretrained(folder: Path, where: str, *, with_head: bool = False) -> tuple[Any, Any]:
    """The (tokenizer, encoder) of a folder, in fp32; `with_head`: as a masked-language model.

    InputError, which names `where`, for anything missing, cut, foreign to nabra, or in want of code
    from elsewhere; and where the weights leave a part of the encoder to chance.
    """
    check_config(folder, where)
    check_tokenizer(folder, where)
    if not weight_files(file_names(folder)):
        raise missing_weights(file_names(folder), where)
    with hushed_libraries():
        tokenizer = _read_tokenizer(folder, where)
        encoder = _read_encoder(folder, where, with_head)
    if len(tokenizer) > encoder.config.vocab_size:
        raise InputError(
            where,
            f"the tokenizer has {len(tokenizer)} tokens, the network {encoder.config.vocab_size}",
            "take both from one model",
        )
    return tokenizer, encoder


def weight_files(names: Iterable[str]) -> list[str]:
    """Those of the names that hold the weights: safetensors before PyTorch's own; none: []."""
    names = sorted(names)
    for first, pattern in _WEIGHTS:
        if first in names:
            return [first, *(name for name in names if Path(name).match(pattern) and name != first)]
    return []


def is_whole(folder: Path) -> bool:
    """Whether tokenizer and weights are both there, every shard of them."""
    names = set(file_names(folder))
    weights = weight_files(names)
    if not weights or not _tokenizer_file(folder):
        return False
    if not weights[0].endswith(".index.json"):
        return True
    shards = _read_json(folder / weights[0], str(folder)).get("weight_map", {})
    return set(shards.values()) <= names


def missing_weights(names: Iterable[str], where: str) -> InputError:
    """The error for a model whose files hold no weights that nabra reads."""
    foreign = [name for name in names if name.endswith((".h5", ".msgpack", ".onnx", ".gguf"))]
    found = f" (found {', '.join(sorted(foreign)[:3])})" if foreign else ""
    return InputError(
        where,
        f"has neither model.safetensors nor pytorch_model.bin{found}",
        "save it with save_pretrained from PyTorch, or name another encoder",
    )


def check_config(folder: Path, where: str) -> None:
    """InputError unless config.json tells of an encoder that transformers itself can build."""
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(where, f"has no {CONFIG}: it is no model of transformers", _CHOOSE)
    plain = _read_json(path, where)
    _refuse_code(plain, path, where)
    if (folder / "adapter_config.json").is_file():
        raise InputError(
            where, "is an adapter, not a whole encoder", "merge it into its model and save that"
        )
    if plain.get("quantization_config"):
        raise InputError(
            where, "has quantized weights, which cannot be fine-tuned", "name the full model"
        )
    from transformers import CONFIG_MAPPING, MODEL_FOR_MASKED_LM_MAPPING, AutoConfig, __version__

    kind = plain.get("model_type")
    if kind not in CONFIG_MAPPING:
        raise InputError(
            where, f"transformers {__version__} knows no architecture {kind} ({CONFIG})", _CHOOSE
        )
    try:
        with hushed_libraries():
            config = AutoConfig.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
    except Exception as error:  # the library's error for a bad value is no ValueError
        raise _unreadable(path, where, error) from None
    decodes = config.is_encoder_decoder or getattr(config, "is_decoder", False)
    if decodes or type(config) not in MODEL_FOR_MASKED_LM_MAPPING:
        raise InputError(
            where, f"is no encoder of text, as BERT is one: its architecture is {kind}", _CHOOSE
        )


def check_tokenizer(folder: Path, where: str) -> None:
    """InputError where the files of a tokenizer are missing, or ask for code from elsewhere."""
    if not _tokenizer_file(folder):
        raise InputError(
            where,
            "has no tokenizer (neither tokenizer.json nor vocab.txt)",
            "save its tokenizer beside the weights with save_pretrained",
        )
    path = folder / "tokenizer_config.json"
    if path.is_file():
        _refuse_code(_read_json(path, where), path, where)


def file_names(folder: Path) -> list[str]:
    """The names of the files in a folder; of links, those that lead somewhere."""
    return [path.name for path in folder.iterdir() if path.is_file()]


@contextmanager
def hushed_libraries() -> Iterator[None]:
    """Keep tables, bars and warnings of transformers and of the hub's client off the screen."""
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging

    levels = logging.get_verbosity(), hub_logging.get_verbosity()
    had_bars = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    hub_logging.set_verbosity(logging.ERROR)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(levels[0])
        hub_logging.set_verbosity(levels[1])
        if had_bars:
            logging.enable_progress_bar()


def _read_tokenizer(folder: Path, where: str) -> Any:
    from transformers import AutoTokenizer

    def load(**settings: Any) -> Any:
        return AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, **settings
        )

    try:
        tokenizer = load()
        if tokenizer.is_fast and _joins_words(tokenizer):
            tokenizer = load(add_prefix_space=True)
            _joins_words(tokenizer, mend=True)
    except Exception as error:  # a broken file raises whatever the reader stumbled over
        raise _unreadable(folder / _tokenizer_file(folder), where, error) from None
    if not tokenizer.is_fast:
        raise InputError(
            where,
            f"has no fast tokenizer ({type(tokenizer).__name__} is a slow one)",
            "nabra needs its offsets: " + _CHOOSE,
        )
    lacking = [
        name for name in ("cls_token", "sep_token", "pad_token") if getattr(tokenizer, name) is None
    ]
    if lacking:
        raise InputError(where, f"the tokenizer has no {', '.join(lacking)}", _CHOOSE)
    for key in ("is_local", "local_files_only"):  # how it was read is no part of a checkpoint
        tokenizer.init_kwargs.pop(key, None)
    return tokenizer


def _joins_words(tokenizer: Any, *, mend: bool = False) -> bool:
    """Whether a byte-level tokenizer would read words that come one by one as if joined.

    transformers leaves the setting as it finds it for tokenizers without a class of their own.
    """
    from tokenizers import pre_tokenizers

    splitter: Any = tokenizer.backend_tokenizer.pre_tokenizer
    is_chain = isinstance(splitter, pre_tokenizers.Sequence)
    steps = [splitter[number] for number in range(len(splitter))] if is_chain else [splitter]
    levels = [step for step in steps if isinstance(step, pre_tokenizers.ByteLevel)]
    joins = any(not step.add_prefix_space for step in levels)
    if mend and joins:
        for step in levels:
            step.add_prefix_space = True
        tokenizer.backend_tokenizer.pre_tokenizer = splitter
    return joins


def _tokenizer_file(folder: Path) -> str:
    """The file that a tokenizer is made from first; none: ""."""
    names = sorted(file_names(folder))
    return next((name for end in _TOKENIZERS for name in names if name.endswith(end)), "")


def _read_encoder(folder: Path, where: str, with_head: bool) -> Any:
    import torch
    from transformers import AutoModel, AutoModelForMaskedLM

    kind = AutoModelForMaskedLM if with_head else AutoModel
    try:
        encoder, report = kind.from_pretrained(
            folder,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
            dtype=torch.float32,
        )
    except Exception as error:  # safetensors, torch and pickle share no class of errors
        name = weight_files(file_names(folder))[0]
        if "mismatched" in str(error):
            raise InputError(
                where, f"{name} does not fit {CONFIG}: shapes differ", "take both from one model"
            ) from None
        if "Weights only load failed" in str(error):
            raise InputError(
                where,
                f"{name} holds more than weights, and may run code",
                "name a model that is saved as safetensors",
            ) from None
        raise _unreadable(folder / name, where, error) from None
    own = f"{encoder.base_model_prefix}." if with_head else ""
    missing = sorted(
        name
        for name in report["missing_keys"]
        if name.startswith(own) and not name.removeprefix(own).startswith("pooler.")
    )
    if missing:
        raise InputError(
            where,
            f"its weights lack {len(missing)} of the encoder's ({', '.join(missing[:3])}"
            + (", …)" if len(missing) > 3 else ")"),
            f"they would be set at random: check {CONFIG}, or name another encoder",
        )
    return encoder


def _refuse_code(plain: dict[str, Any], path: Path, where: str) -> None:
    """A model may name code of its makers, or a kernel on the hub, that loading it would run."""
    kernels = [value for key, value in plain.items() if key.endswith("attn_implementation")]
    if "auto_map" in plain or any("/" in str(value) for value in kernels):
        raise InputError(
            where,
            f"{path.name} asks to run code from elsewhere, which nabra never does",
            "name an encoder that transformers knows by itself",
        )


def _read_json(path: Path, where: str) -> dict[str, Any]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, where, error) from None
    if not isinstance(plain, dict):
        raise InputError(where, f"{path.name} holds no mapping of keys", "fetch it again")
    return plain


def _unreadable(path: Path, where: str, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return InputError(
        where,
        f"{path.name} cannot be read ({reason})",
        f"it may be cut: delete {path.resolve()} and fetch it again",
    )
