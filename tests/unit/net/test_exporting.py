from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from tokenizers import Tokenizer

from model import load
from model.errors import CheckpointError, NabraError, OutputError
from model.net import exporting
from model.net.checkpoint import (
    Checkpoint,
    check_files,
    checkpoint_hash,
    load_checkpoint,
    network_bytes,
    read_record,
)
from model.net.classifier import Classifier
from model.net.exporting import build_export, check_place, commit_export, write_graph
from model.net.graph import GraphNetwork
from model.net.network import FramingNetwork, probabilities
from model.net.quantizing import quantize_graph, take_graph
from model.tasks import STANCE
from model.text.normalize import normalize
from tests.conftest import TEXTS
from tests.pretrained import copy_with_short_lists

MAX_LENGTH = 32
SHAPES = [[2], [MAX_LENGTH], [2, MAX_LENGTH, 11], [2] * 9, [17] * 5, [3, 2]]


def make_decided(network: FramingNetwork) -> FramingNetwork:
    """Larger weights: with those of a fresh network all probabilities are nearly the same."""
    with torch.no_grad():
        for weights in network.parameters():
            if weights.dim() > 1:
                weights *= 8
    return network


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("short") / "checkpoint"
    found = load_checkpoint(copy_with_short_lists(tiny_checkpoint, folder))
    make_decided(found.trained)
    return found


@pytest.fixture(scope="module")
def export(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("export") / "onnx"
    with build_export(checkpoint, output) as made:
        commit_export(made, checkpoint.path, output, precision="fp32", checked=[])
    return output


@pytest.fixture
def as_exported(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same graph again, without the seconds that it takes to make it."""
    monkeypatch.setattr(
        exporting, "write_graph", lambda _, path: shutil.copy(export / path.name, path)
    )


def rows(lengths: list[int], seed: int = 1) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    mask = torch.arange(shape[1]) < torch.tensor(lengths)[:, None]
    return {
        "input_ids": torch.randint(1, 100, shape, generator=generator) * mask,
        "attention_mask": mask.long(),
        "token_type_ids": torch.randint(0, 3, shape, generator=generator) * mask,
    }


def check_equal(network: FramingNetwork, graph: GraphNetwork) -> None:
    for lengths in SHAPES:
        inputs = rows(lengths)
        with torch.inference_mode():
            expected, given = network(**inputs), graph(**inputs)
        is_read = inputs["attention_mask"].bool()
        stances = probabilities(expected["stance"]), probabilities(given["stance"])
        tags = probabilities(expected["loaded_terms"]), probabilities(given["loaded_terms"])
        torch.testing.assert_close(*stances, atol=1e-5, rtol=0)
        torch.testing.assert_close(tags[0][is_read], tags[1][is_read], atol=1e-5, rtol=0)
        assert tags[0][is_read].std() > 0.2


def test_gives_the_probabilities_of_torch(checkpoint: Checkpoint, export: Path) -> None:
    graph = load_checkpoint(export).network
    assert isinstance(graph, GraphNetwork)
    check_equal(checkpoint.trained, graph)


def test_gives_them_for_modernbert_past_its_sliding_window(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    from transformers import ModernBertConfig, ModernBertModel

    sizes = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2}
    ids = {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3}
    ids |= {"bos_token_id": 2, "eos_token_id": 3}
    config = ModernBertConfig(
        vocab_size=300, intermediate_size=32, local_attention=8, **sizes, **ids
    )
    torch.manual_seed(0)
    network = make_decided(FramingNetwork(ModernBertModel(config), 0.0)).eval()
    write_graph(network, tmp_path / "model.onnx")
    check_equal(network, GraphNetwork(tmp_path / "model.onnx", network.tasks))


def test_classifies_as_torch_and_always_the_same(checkpoint: Checkpoint, export: Path) -> None:
    texts = [*TEXTS, "و" * 5, TEXTS[0] * 7]
    ours, theirs = Classifier(checkpoint).predict(texts), load(export).predict(texts)
    assert theirs == load(export, backend="onnx").predict(texts)
    assert sum(len(each.loaded_terms) for each in ours) > 3
    assert any(each.stances for each in ours)
    for one, other in zip(ours, theirs, strict=True):
        spans = [[(t.start, t.end, t.category) for t in p.loaded_terms] for p in (one, other)]
        assert spans[0] == spans[1]
        for stance, again in zip(one.stances, other.stances, strict=True):
            assert stance.label == again.label
            assert stance.scores is not None
            assert stance.scores == pytest.approx(again.scores, abs=1e-4)
        confidences = [[t.confidence for t in p.loaded_terms] for p in (one, other)]
        assert confidences[0] == pytest.approx(confidences[1], abs=1e-4)


def test_another_program_gets_the_same_from_the_graph_and_the_tokenizer(
    checkpoint: Checkpoint, export: Path
) -> None:
    """By what docs/prediction.md says, and by no code of nabra's but `normalize`."""
    tokenizer = Tokenizer.from_file(str(export / "tokenizer.json"))
    session = onnxruntime.InferenceSession(export / "model.onnx")
    ends = {name: tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]")}

    def pieces(words: list[str]) -> list[int]:
        return list(tokenizer.encode(words, is_pretokenized=True, add_special_tokens=False).ids)

    (predicted,) = Classifier(checkpoint).predict([TEXTS[0]])
    (stance,) = predicted.stances
    words, named, name = (
        normalize(text).text.split(" ")
        for text in (TEXTS[0], stance.mentions[0].text, "قوات سوريا الديمقراطية")
    )
    ids, types = [ends["[CLS]"]], [0]
    place = words.index(named[0])
    for number, word in enumerate(words):
        ids += pieces([word])
        is_named = place <= number < place + len(named)
        types += [2 if is_named else 0] * (len(ids) - len(types))
    ids += [ends["[SEP]"], *pieces(name), ends["[SEP]"]]
    types += [0] + [1] * (len(ids) - len(types) - 1)
    given = {
        "input_ids": np.array([ids]),
        "attention_mask": np.ones((1, len(ids)), dtype=np.int64),
        "token_type_ids": np.array([types]),
    }
    (logits,) = session.run(["stance"], given)
    odds = np.exp(logits[0] - logits[0].max())
    assert stance.scores is not None
    assert dict(zip(STANCE.labels, odds / odds.sum(), strict=True)) == pytest.approx(
        stance.scores, abs=1e-4
    )


def test_says_what_it_was_made_of(checkpoint: Checkpoint, export: Path) -> None:
    record = read_record(export)
    assert record["export"]["checkpoint_hash"] == checkpoint_hash(checkpoint.path)
    assert record["export"]["precision"] == "fp32"
    assert 0 <= record["export"]["largest_difference"] < 1e-4
    assert {**record, "export": None} == {**read_record(checkpoint.path), "export": None}
    names = {file.name for file in checkpoint.path.iterdir()}
    assert {file.name for file in export.iterdir()} == names - {"model.safetensors"} | {
        "model.onnx"
    }


def test_its_hash_is_its_own(checkpoint: Checkpoint, export: Path, tmp_path: Path) -> None:
    assert checkpoint_hash(export) != checkpoint_hash(checkpoint.path)
    changed = shutil.copytree(export, tmp_path / "changed")
    with (changed / "model.onnx").open("ab") as stream:
        stream.write(b" ")
    assert checkpoint_hash(changed) != checkpoint_hash(export)


def test_computes_with_as_many_threads_as_torch(export: Path) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        network = load_checkpoint(export).network
    finally:
        torch.set_num_threads(before)
    assert isinstance(network, GraphNetwork)
    assert network._session.get_session_options().intra_op_num_threads == 3


def test_a_graph_that_differs_gets_no_name(
    checkpoint: Checkpoint, tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_another(network: FramingNetwork, path: Path) -> None:
        graph = onnx.load(export / "model.onnx")
        (bias,) = [w for w in graph.graph.initializer if w.name == "heads.stance.bias"]
        bias.CopyFrom(
            onnx.numpy_helper.from_array(np.full(3, [0, 0, 0.002], np.float32), bias.name)
        )
        onnx.save(graph, path)

    monkeypatch.setattr(exporting, "write_graph", write_another)
    refused = pytest.raises(NabraError, match=r"differs from torch by 0\.0")
    with refused, build_export(checkpoint, tmp_path / "onnx"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("as_exported")
def test_replaces_an_earlier_export_alone(checkpoint: Checkpoint, tmp_path: Path) -> None:
    output = tmp_path / "onnx"
    for precision in ("1", "2"):
        check_place(checkpoint.path, output, overwrite=True)
        with build_export(checkpoint, output) as made:
            commit_export(made, checkpoint.path, output, precision=precision, checked=[])
    assert read_record(output)["export"]["precision"] == "2"
    assert [file.name for file in tmp_path.iterdir()] == ["onnx"]
    with pytest.raises(OutputError, match="--overwrite"):
        check_place(checkpoint.path, output, overwrite=False)
    with pytest.raises(OutputError, match="the checkpoint itself"):
        check_place(checkpoint.path, checkpoint.path, overwrite=True)
    with pytest.raises(OutputError, match="no export"):
        check_place(checkpoint.path, tmp_path, overwrite=True)


def test_large_weights_lie_beside_the_graph(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_LARGEST", 0)
    output = tmp_path / "onnx"
    with build_export(checkpoint, output) as made:
        commit_export(made, checkpoint.path, output, precision="fp32", checked=[])
    data = output / "model.onnx.data"
    assert network_bytes(output) == data.stat().st_size + (output / "model.onnx").stat().st_size
    check_equal(checkpoint.trained, load_checkpoint(output).network)  # type: ignore[arg-type]
    take_graph(output, quantize_graph(checkpoint.trained, output, spares_wide=False))
    assert data.exists()
    assert load(output).predict(TEXTS)
    data.unlink()
    with pytest.raises(CheckpointError, match="cannot be run"):
        load_checkpoint(output)


@pytest.mark.parametrize(("spares_wide", "num_fp32"), [(False, 2), (True, 3)])
def test_int8_leaves_the_heads_and_what_is_spared(
    checkpoint: Checkpoint, export: Path, tmp_path: Path, spares_wide: bool, num_fp32: int
) -> None:
    folder = shutil.copytree(export, tmp_path / "int8")
    take_graph(folder, quantize_graph(checkpoint.trained, folder, spares_wide=spares_wide))
    graph = onnx.load(folder / "model.onnx").graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("MatMulInteger") == 8 - num_fp32  # 6 in the layer and 2 heads
    assert kinds.count("MatMul") == num_fp32 + 2  # and 2 of attention, which has no weights
    inputs = rows([20, 9, 32])
    exact = checkpoint.trained(**inputs)["stance"].detach()
    rough = load_checkpoint(folder).network(**inputs)["stance"]
    difference = (probabilities(exact) - probabilities(rough)).abs().max()
    assert 0 < difference < 0.2


def test_a_folder_holds_one_network(checkpoint: Checkpoint, export: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nabra export"):
        check_files(checkpoint.path, "onnx")
    with pytest.raises(CheckpointError, match="torch does not run"):
        load(export, backend="torch")
    both = shutil.copytree(export, tmp_path / "both")
    shutil.copy(checkpoint.path / "model.safetensors", both)
    with pytest.raises(CheckpointError, match="both"):
        load_checkpoint(both)


def test_a_graph_of_other_tasks_or_none_is_refused(export: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(export, tmp_path / "changed")
    text = (changed / "nabra.json").read_text(encoding="utf-8")
    (changed / "nabra.json").write_text(text.replace('"loaded_terms"', '"terms"'))
    with pytest.raises(CheckpointError, match="other tasks"):
        load_checkpoint(changed)
    (changed / "model.onnx").write_bytes((export / "model.onnx").read_bytes()[:9000])
    with pytest.raises(CheckpointError, match="cannot be run"):
        load_checkpoint(changed)


def test_can_only_predict(export: Path) -> None:
    with pytest.raises(CheckpointError, match="can only predict"):
        load(export).represent(TEXTS)


def test_names_the_extra(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NabraError, match=r"nabra\[onnx\]"):
        load_checkpoint(export)
