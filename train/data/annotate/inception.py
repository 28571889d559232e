"""INCEpTION: one UIMA CAS a document (JSON CAS 0.4), an article's sentences in order, out and back.

Layers: `custom.Voice`, `custom.Mention`, `custom.LoadedTerm`, with the values as features, and
`custom.Task` over each sentence, which carries it as it was sent. `layers.xml` is imported under
"Layers" before the documents; the project's script direction is set to right-to-left.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.archive.write import write_text
from model.errors import RecordError
from model.records import Dropped, LabelledSentence
from model.text.words import find_words
from train.data.annotate.files import read_files
from train.data.annotate.marks import KEYS, Layer, Mark, marks_of
from train.data.annotate.tasks import Answer, pack, parse_json

if TYPE_CHECKING:
    from cassis import Cas, TypeSystem

_TYPES: dict[Layer, str] = {
    "voice": "custom.Voice",
    "mention": "custom.Mention",
    "term": "custom.LoadedTerm",
}
_TASK, _SENT = "custom.Task", "sent"
_DKPRO = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type."
_INITIAL = "INITIAL_CAS"  # what INCEpTION keeps of a document as it was imported
_BETWEEN = "\n"


def write_tasks(folder: Path, sentences: Sequence[LabelledSentence]) -> list[Path]:
    """`layers.xml`, and a document for each article under `documents/`."""
    by_article: dict[str, list[LabelledSentence]] = {}
    for sentence in sentences:
        by_article.setdefault(sentence.article_id, []).append(sentence)
    layers, documents = folder / "layers.xml", folder / "documents"
    write_text(layers, _layers().to_xml())
    for earlier in documents.glob("*.json"):
        earlier.unlink()  # of an export that this one replaces
    taken: set[str] = set()
    for article_id, listed in by_article.items():
        name = safe_name(article_id, taken)
        write_text(documents / f"{name}.json", make_document(listed).to_json())
    return [layers, documents]


def safe_name(name: str, taken: set[str]) -> str:
    """A name for a file, whatever an article or annotator is called; adds it to those taken."""
    stem = re.sub(r"[^\w@.-]+", "-", name).strip(".-")[:80] or "unnamed"
    unique, number = stem, 2
    while unique.casefold() in taken:
        unique, number = f"{stem}-{number}", number + 1
    taken.add(unique.casefold())
    return unique


def _layers() -> TypeSystem:
    """The layers of our own, which INCEpTION reads as a project's layers."""
    from cassis import TypeSystem

    types = TypeSystem()
    for name, features in [(_TASK, (_SENT,)), *((_TYPES[layer], KEYS[layer]) for layer in _TYPES)]:
        made = types.create_type(name, "uima.tcas.Annotation")
        for feature in features:
            types.create_feature(made, feature, "uima.cas.String")
    return types


def _all_types() -> TypeSystem:
    """Our layers, and the tokens and sentences that INCEpTION marks itself where it finds none."""
    types = _layers()
    for name in ("Sentence", "Token"):
        types.create_type(f"{_DKPRO}{name}", "uima.tcas.Annotation")
    return types


def make_document(sentences: Sequence[LabelledSentence]) -> Cas:
    """The sentences of one article, a line each, with their labels; cassis counts UTF-16."""
    from cassis import Cas

    types = _all_types()
    cas = Cas(typesystem=types)
    cas.sofa_string = _BETWEEN.join(sentence.text for sentence in sentences)
    cas.sofa_mime = "text/plain"
    made = {name: types.get_type(name) for name in (_TASK, *_TYPES.values())}
    unit, token = types.get_type(f"{_DKPRO}Sentence"), types.get_type(f"{_DKPRO}Token")
    begin = 0
    for sentence in sentences:
        end = begin + len(sentence.text)
        cas.add(unit(begin=begin, end=end))
        cas.add(made[_TASK](begin=begin, end=end, sent=pack(sentence)))
        for start, stop in _tokens(sentence.text):
            cas.add(token(begin=begin + start, end=begin + stop))
        for mark in marks_of(sentence):
            place = {"begin": begin + (mark.start or 0), "end": begin + (mark.end or 0)}
            given = {key: value or None for key, value in mark.values.items()}
            cas.add(made[_TYPES[mark.layer]](**place, **given))
        begin = end + len(_BETWEEN)
    return cas


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    """Whole written words, and every other character that shows, so that marks can be chosen."""
    at = 0
    for word in [*find_words(text), None]:
        stop = word.start if word else len(text)
        yield from ((n, n + 1) for n in range(at, stop) if not text[n].isspace())
        if word:
            yield word.start, word.end
            at = word.end


def read_answers(paths: Iterable[Path], annotator: str | None = None) -> Iterator[Answer | Dropped]:
    """Every sentence of exported documents: JSON CAS or XMI, alone, in folders or in archives.

    In a project's export the annotator is the file's name; else the one given.
    """
    for file in read_files(paths, (".json", ".xmi")):
        if isinstance(file, Dropped):
            yield file
            continue
        name, content = file
        path = Path(name)
        if path.stem == _INITIAL or path.name.startswith("exportedproject"):
            continue
        in_project = {"annotation", "curation"} & set(path.parts)
        # An annotator's own archive inside the project's is called after the annotator.
        who = path.parent.stem if path.parent.suffix == ".zip" and in_project else path.stem
        if who == _INITIAL:
            continue
        try:
            cas = _load(path.suffix.lower(), content)
            answers = list(
                _read_document(name, cas, (in_project and who) or annotator or "annotator")
            )
        except RecordError as error:
            yield Dropped(name, str(error))
        except Exception as error:  # whatever cassis trips over in a file from other hands
            yield Dropped(name, f"is no CAS that can be read ({type(error).__name__}: {error})")
        else:
            yield from answers


def _load(suffix: str, content: bytes) -> Cas:
    from cassis import load_cas_from_json, load_cas_from_xmi

    with warnings.catch_warnings():
        # cassis warns of an offset inside a character, or past the text, and then keeps it.
        warnings.simplefilter("error")
        if suffix == ".json":
            parse_json(content)  # its faults are named better here
            return load_cas_from_json(content.decode("utf-8-sig"))
        from defusedxml.ElementTree import fromstring

        fromstring(content, forbid_dtd=True)  # no entities: lxml, which reads next, would follow
        return load_cas_from_xmi(io.BytesIO(content), typesystem=_all_types(), lenient=True)


def _read_document(name: str, cas: Cas, annotator: str) -> Iterator[Answer | Dropped]:
    text = cas.sofa_string
    if not isinstance(text, str) or not _has_type(cas, _TASK):
        raise RecordError("document", f"holds no {_TASK}: import layers.xml into the project first")
    tasks = sorted(cas.select(_TASK), key=lambda task: int(task.begin))
    marks: dict[int, list[Mark]] = {number: [] for number in range(len(tasks))}
    faults: dict[int, str] = {}
    for layer, type_name in _TYPES.items():
        for item in cas.select(type_name) if _has_type(cas, type_name) else ():
            home = [
                n for n, task in enumerate(tasks) if task.begin < item.end and item.begin < task.end
            ]
            where = f"{layer} [{item.begin}, {item.end}) «{text[item.begin : item.end]}»"
            if not home:
                yield Dropped(name, f"{where} stands in no sentence that was sent")
            elif len(home) > 1:
                faults |= dict.fromkeys(home, f"{where} runs over the end of a sentence")
            else:
                marks[home[0]].append(_mark(layer, item, tasks[home[0]].begin, text))
    for number, task in enumerate(tasks):
        where = f"{name} [{task.begin}, {task.end})"
        quote = text[task.begin : task.end]
        if number in faults:
            yield Dropped(where, faults[number], excerpt=quote[:80])
        elif not isinstance(task.sent, str):
            yield Dropped(where, f"{_TASK} lost what was sent", excerpt=quote[:80])
        else:
            yield Answer(
                f"{where} by {annotator}", annotator, task.sent, quote, tuple(marks[number])
            )


def _has_type(cas: Cas, name: str) -> bool:
    return bool(cas.typesystem.contains_type(name))


def _mark(layer: Layer, item: Any, begin: int, text: str) -> Mark:
    values = {key: getattr(item, key, None) or "" for key in KEYS[layer]}
    if not all(isinstance(value, str) for value in values.values()):
        raise RecordError(layer, "has a feature that is no text")
    quote = text[item.begin : item.end]
    return Mark(layer, item.begin - begin, item.end - begin, quote, values)
