from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.errors import InputError
from model.net.encoding import TextEncoder, register_placeholders
from model.text.normalize import PLACEHOLDERS
from tests.conftest import TEXTS
from tests.pretrained import WEIGHTS, as_pytorch, copy, edit, in_shards, write_pretrained
from train.fit.encoder.hub import Pretrained, load_pretrained


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pretrained(tmp_path_factory.mktemp("pretrained") / "arabert")


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    return copy(source, tmp_path / "model")


def same_weights(one: Any, other: Any) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return all(torch.equal(first[name], second[name]) for name in first if "pooler" not in name)


def rewrite_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    state = load_file(folder / WEIGHTS)
    change(state)
    save_file(state, folder / WEIGHTS, metadata={"format": "pt"})


def test_reads_a_directory_as_it_lies_there(folder: Path) -> None:
    loaded = load_pretrained(str(folder))
    assert loaded.revision is None
    saved = load_file(folder / WEIGHTS)
    name = "encoder.layer.0.attention.self.query.weight"
    assert torch.equal(loaded.encoder.state_dict()[name], saved[f"bert.{name}"])


def test_says_nothing_of_heads_and_poolers(
    folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.WARNING)
    try:
        load_pretrained(str(folder))
        assert logger.level == logging.WARNING
    finally:
        logger.removeHandler(caplog.handler)
        logger.setLevel(level)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_a_folder_of_the_hub_s_cache_tells_its_commit(source: Path, tmp_path: Path) -> None:
    cached = copy(source, tmp_path / "models--a--b/snapshots" / ("0f" * 20))
    assert load_pretrained(str(cached)).revision == "0f" * 20


@pytest.mark.parametrize("rewrite", [as_pytorch, in_shards])
def test_reads_weights_in_other_forms(folder: Path, rewrite: Callable[[Path], object]) -> None:
    expected = load_pretrained(str(folder)).encoder
    rewrite(folder)
    assert same_weights(load_pretrained(str(folder)).encoder, expected)


def test_weights_are_fp32_however_they_were_saved(folder: Path) -> None:
    rewrite_weights(folder, lambda state: state.update({n: v.half() for n, v in state.items()}))
    edit(folder / "config.json", dtype="float16")
    encoder = load_pretrained(str(folder)).encoder
    assert {value.dtype for value in encoder.parameters()} == {torch.float32}


def test_how_it_was_read_does_not_go_into_the_checkpoint(folder: Path, tmp_path: Path) -> None:
    load_pretrained(str(folder)).tokenizer.save_pretrained(tmp_path / "saved")
    saved = json.loads((tmp_path / "saved/tokenizer_config.json").read_text())
    assert not {"is_local", "local_files_only", "name_or_path"} & saved.keys()


def start(loaded: Pretrained) -> tuple[Any, Any]:
    """What a run does next with a pretrained encoder."""
    register_placeholders(loaded.tokenizer)
    loaded.encoder.resize_token_embeddings(len(loaded.tokenizer))
    return loaded.tokenizer, loaded.encoder


def test_placeholders_that_the_tokenizer_splits_become_one_token(folder: Path) -> None:
    loaded = load_pretrained(str(folder))
    size = len(loaded.tokenizer)
    assert all(len(loaded.tokenizer.tokenize(text)) > 1 for text in PLACEHOLDERS)
    tokenizer, encoder = start(loaded)
    TextEncoder(tokenizer, 32)  # asserts that each is one token
    assert encoder.get_input_embeddings().weight.shape[0] == size + len(PLACEHOLDERS)


def test_placeholders_of_the_vocabulary_keep_their_row(folder: Path) -> None:
    """AraBERT learned them as words of their own, which a fast tokenizer then splits."""
    plain = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = plain["model"]["vocab"]
    first = len(vocabulary)
    vocabulary.update({text: first + n for n, text in enumerate(PLACEHOLDERS)})
    (folder / "tokenizer.json").write_text(json.dumps(plain), encoding="utf-8")
    write = load_file(folder / WEIGHTS)
    name = "bert.embeddings.word_embeddings.weight"
    rows = torch.randn(len(PLACEHOLDERS), write[name].shape[1])
    write[name] = torch.cat([write[name], rows])
    write["cls.predictions.bias"] = torch.zeros(first + len(PLACEHOLDERS))
    save_file(write, folder / WEIGHTS, metadata={"format": "pt"})
    edit(folder / "config.json", vocab_size=first + len(PLACEHOLDERS))
    loaded = load_pretrained(str(folder))
    assert len(loaded.tokenizer.tokenize(PLACEHOLDERS[0])) > 1
    tokenizer, encoder = start(loaded)
    TextEncoder(tokenizer, 32)
    ids = tokenizer.convert_tokens_to_ids(list(PLACEHOLDERS))
    assert torch.equal(encoder.get_input_embeddings().weight[ids], rows)


@pytest.mark.parametrize("kind", ["RobertaTokenizer", "PreTrainedTokenizerFast"])
def test_a_byte_level_tokenizer_keeps_words_apart(folder: Path, tmp_path: Path, kind: str) -> None:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import AutoTokenizer

    made = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    made.train_from_iterator(TEXTS * 3, vocab_size=400, special_tokens=special)
    made.save(str(folder / "tokenizer.json"))
    named = {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind, **named}))
    grown = made.get_vocab_size()
    rewrite_weights(
        folder,
        lambda state: state.update(
            {
                "bert.embeddings.word_embeddings.weight": torch.zeros(grown, 16),
                "cls.predictions.bias": torch.zeros(grown),
            }
        ),
    )
    edit(folder / "config.json", vocab_size=grown)
    tokenizer = load_pretrained(str(folder)).tokenizer
    tokenizer.save_pretrained(tmp_path / "saved")
    edit(tmp_path / "saved/config.json", model_type="bert")
    for read in (tokenizer, AutoTokenizer.from_pretrained(tmp_path / "saved")):
        ids = read([["زار", "الوزير"]], is_split_into_words=True, add_special_tokens=False)
        assert read.decode(ids["input_ids"][0]).split() == ["زار", "الوزير"]


class RunsCode:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("it-ran",)


def cut(path: Path, num_bytes: int) -> None:
    path.write_bytes(path.read_bytes()[:-num_bytes])


def drop_query(folder: Path) -> None:
    def change(state: dict[str, torch.Tensor]) -> None:
        for name in [name for name in state if ".query." in name]:
            del state[name]

    rewrite_weights(folder, change)


def slow_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PhobertTokenizer"}')
    (folder / "vocab.txt").write_text("abc 3\nde 2\n")
    (folder / "bpe.codes").write_text("a b 3\n#version\n")


def without_tokenizer(folder: Path) -> None:
    """transformers would make up one that knows five tokens."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()


def lfs_pointer(folder: Path) -> None:
    (folder / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:a\n")


def only_tensorflow(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "tf_model.h5")


CONFIG, TOKENIZER = "config.json", "tokenizer_config.json"
FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda d: (d / CONFIG).unlink(), r"has no config\.json.*name an encoder"),
    "cut config": (lambda d: cut(d / CONFIG, 9), r"config\.json cannot be read.*fetch it again"),
    "a list": (lambda d: (d / CONFIG).write_text("[]"), "holds no mapping of keys"),
    "no kind": (lambda d: (d / CONFIG).write_text("{}"), "knows no architecture None"),
    "new kind": (lambda d: edit(d / CONFIG, model_type="mine"), "knows no architecture mine"),
    "bad value": (lambda d: edit(d / CONFIG, hidden_size="x"), "hidden_size.*fetch it again"),
    "gpt": (
        lambda d: edit(d / CONFIG, model_type="gpt2"),
        "no encoder of text.*gpt2; name an",
    ),
    "t5": (lambda d: (d / CONFIG).write_text('{"model_type": "t5"}'), "architecture is t5"),
    "decoder": (lambda d: edit(d / CONFIG, is_decoder=True), "no encoder of text"),
    "pictures": (lambda d: edit(d / CONFIG, model_type="vit"), "no encoder of text"),
    "remote code": (lambda d: edit(d / CONFIG, auto_map={"AutoModel": "a.B"}), "to run code"),
    "kernel": (lambda d: edit(d / CONFIG, attn_implementation="a/b"), "to run code.*never does"),
    "remote split": (lambda d: edit(d / TOKENIZER, auto_map={}), "tokenizer_config.*to run code"),
    "quantized": (lambda d: edit(d / CONFIG, quantization_config={"bits": 4}), "full model"),
    "adapter": (lambda d: edit(d / "adapter_config.json"), "is an adapter.*merge it"),
    "no tokenizer": (without_tokenizer, "has no tokenizer.*save its tokenizer"),
    "cut tokenizer": (lambda d: cut(d / "tokenizer.json", 99), r"tokenizer\.json cannot be read"),
    "bad tokenizer": (
        lambda d: (d / "tokenizer.json").write_text('{"a": 1}'),
        r"tokenizer\.json cannot be read",
    ),
    "slow tokenizer": (slow_tokenizer, "has no fast tokenizer.*Phobert"),
    "no separator": (lambda d: edit(d / TOKENIZER, sep_token=None), "has no sep_token"),
    "no weights": (lambda d: (d / WEIGHTS).unlink(), r"has neither model\.safetensors nor"),
    "tensorflow": (only_tensorflow, r"\(found tf_model\.h5\).*save it with save_pretrained"),
    "cut weights": (lambda d: cut(d / WEIGHTS, 99), r"safetensors cannot be read.*delete /"),
    "cut header": (lambda d: (d / WEIGHTS).write_bytes(b"\x09"), "safetensors cannot be read"),
    "cut pytorch": (lambda d: cut(as_pytorch(d), 300), r"pytorch_model\.bin cannot be read"),
    "pointer": (lfs_pointer, r"model\.safetensors cannot be read.*fetch it again"),
    "pickle": (lambda d: torch.save({"a": RunsCode()}, as_pytorch(d)), "may run code.*safetens"),
    "missing": (drop_query, r"lack 2 of the encoder's .*query.*set at random"),
    "other shapes": (lambda d: edit(d / CONFIG, intermediate_size=8), "shapes differ"),
    "other tokenizer": (lambda d: shrink(d), r"has \d+ tokens, the network 10; take both"),
}


def shrink(folder: Path) -> None:
    """A network that knows ten tokens only."""

    def change(state: dict[str, torch.Tensor]) -> None:
        for name in ("bert.embeddings.word_embeddings.weight", "cls.predictions.bias"):
            state[name] = state[name][:10].clone()

    rewrite_weights(folder, change)
    edit(folder / CONFIG, vocab_size=10)


@pytest.mark.parametrize("name", FAULTS)
def test_says_what_is_wrong_with_a_directory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    damage, message = FAULTS[name]
    damage(folder)
    with pytest.raises(InputError, match=message) as caught:
        load_pretrained(str(folder))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"encoder: {folder}: ")
    assert not Path("it-ran").exists()


def test_a_directory_has_no_revision(folder: Path) -> None:
    with pytest.raises(InputError, match="is a directory, which has no revisions"):
        load_pretrained(str(folder), "main")


@pytest.mark.parametrize(
    "kind",
    ["roberta", "electra", "distilbert", "albert", "deberta-v2", "xlm-roberta", "modernbert"],
)
def test_other_encoders_are_welcome(tmp_path: Path, source: Path, kind: str) -> None:
    from transformers import AutoConfig, AutoModelForMaskedLM

    from train.fit.encoder.pretrained import hushed_libraries

    folder = copy(source, tmp_path / kind)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 32, "max_position_embeddings": 40, "vocab_size": 90}
    named = {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3}
    more = {"embedding_size": 16} if kind in ("electra", "albert") else {}
    config = AutoConfig.for_model(kind, **sizes, **named, **more)
    with hushed_libraries():
        AutoModelForMaskedLM.from_config(config).save_pretrained(folder)
    encoder = load_pretrained(str(folder)).encoder
    ids = torch.tensor([[2, 7, 8, 3]])
    assert encoder(input_ids=ids).last_hidden_state.shape == (1, 4, encoder.config.hidden_size)
