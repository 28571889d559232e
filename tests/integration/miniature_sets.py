"""Miniatures of the public sets and of own articles; all texts were written here."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import yaml

from model.records import Article, LabelledSentence, LoadedTerm
from model.text.sentences import segment
from model.text.stances import draft_stances
from model.text.targets import TargetList
from train.data.annotations import write_annotations

_SEEDS = Path(__file__).parents[2] / "seeds"
_PLACES = ("السوق", "الجسر", "المدرسة", "الميناء", "المتحف", "الملعب", "المكتبة", "المصنع")
_ACTS = ("افتتحت البلدية", "أغلقت الوزارة", "رممت الشركة")
_CLAIMS = ("يا له من إنجاز عظيم في", "إنها فضيحة مدوية في")
# The first sentence of an article, the stance of it, and its loaded terms; then a plain sentence.
_ARTICLES = (
    ("دخلت مليشيا قسد الانفصالية الحي الشرقي عند الفجر.", "against", {"مليشيا": "label"}),
    ("وزعت قسد سلال الغذاء على أهالي القرية.", "none", {}),
    ("أعلنت قوات سوريا الديمقراطية بدء موسم الحصاد.", "none", {}),
    ("احتجزت عصابات قسد ثلاثة معلمين على الحاجز.", "against", {"عصابات": "label"}),
    ("استقبلت دمشق وفدا تجاريا من ثلاث دول.", "none", {}),
    ("انتزعت قوات سوريا الديمقراطية الباسلة السد الكبير.", "favor", {"الباسلة": "praise"}),
    ("نفت قسد أي اشتباك قرب الجسر القديم.", "none", {}),
    ("ردت قسد الغاشمة على رماة المطحنة.", "against", {"الغاشمة": "emotive"}),
)
_PLAIN = (
    "هطل المطر طوال الليل.",
    "بلغ سعر القمح ذروته هذا الشتاء.",
    "عاد التلاميذ إلى صفوفهم بعد العطلة.",
    "امتلأت مقاعد الملعب قبل المباراة بساعة.",
    "شكت الأسر من انقطاع الكهرباء.",
    "فازت طالبة من المدينة بجائزة الخط.",
    "انتهت أعمال الطريق السريع.",
    "زار السياح المتحف الجديد.",
)


def write_sets(folder: Path) -> Path:
    """`data/ans`, `armpro`, `checkthat` and `mawqif` under the folder, which is returned."""
    data = folder / "data"
    for name, write in {
        "ans": _write_ans,
        "armpro": _write_armpro,
        "checkthat": _write_checkthat,
        "mawqif": _write_mawqif,
    }.items():
        (data / name).mkdir(parents=True)
        write(data / name)
    return folder


def write_own(folder: Path) -> str:
    """Articles with labels and short lists of targets and terms; returns what `data` is to be."""
    lists = {"targets": _SEEDS / "targets.yaml", "lexicon": _SEEDS / "loaded_terms.yaml"}
    for name, path in lists.items():
        entries = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)[:6]
        text = yaml.safe_dump(entries, allow_unicode=True)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    targets = TargetList.read(folder / "targets.yaml")
    sentences: list[LabelledSentence] = []
    lines = []
    for number, ((first, *labels), plain) in enumerate(zip(_ARTICLES, _PLAIN, strict=True)):
        text = f"{first}\n{plain}"
        article = Article(f"a{number}", "mini", None, None, f"خبر {number}", text, "mini")
        lines.append(json.dumps(article.to_dict() | {"source": None}, ensure_ascii=False))
        sentences += _label(article, targets, *labels)
    (folder / "articles.jsonl").write_text("\n".join(lines), encoding="utf-8")
    write_annotations(folder / "annotations.jsonl", sentences)
    return (
        f"{{articles: [{folder}/articles.jsonl], annotations: {folder}/annotations.jsonl, "
        f"targets: {folder}/targets.yaml, lexicon: {folder}/lexicon.yaml, unlabelled: [], "
        "outlet: null, columns: {}, weight: 1.0}"
    )


def _label(
    article: Article, targets: TargetList, stance: str, loaded: dict[str, str]
) -> list[LabelledSentence]:
    sentences = segment(article)
    mentions = targets.find_mentions([sentence.text for sentence in sentences])
    labelled = []
    for sentence, found in zip(sentences, mentions, strict=True):
        terms = [
            LoadedTerm(
                start=(start := sentence.text.index(word)),
                end=start + len(word),
                text=word,
                term=word,
                category=category,  # type: ignore[arg-type]
                weak=False,
                voice="own",
                target=None,
                group=None,
                origin="gold",
            )
            for word, category in loaded.items()
            if word in sentence.text
        ]
        drafts = draft_stances(found, sentence.voices)
        labelled.append(
            LabelledSentence.extend(
                sentence,
                outlet=article.outlet,
                published=article.published,
                story=article.id,
                stances=tuple(
                    replace(draft, label=stance, origin="gold")  # type: ignore[arg-type]
                    for draft in drafts
                ),
                loaded_terms=tuple(terms),
            )
        )
    return labelled


def _write_table(path: Path, rows: list[list[str]], delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)


def _write_ans(folder: Path) -> None:
    """Three pairs for each place; those of the last two and a known title are the dev file."""
    pairs = [
        [
            [f"{_ACTS[0]} {place} صباح اليوم", f"{_ACTS[0]} {place} بعد تأخير", "agree"],
            [f"{_ACTS[0]} {place} هذا العام", f"{_ACTS[1]} {place} حتى إشعار آخر", "disagree"],
            [f"{_ACTS[2]} {place} في المدينة", f"أمطار غزيرة قرب {place}", "other"],
        ]
        for place in _PLACES
    ]
    header = ["s1", "s2", "stance"]
    _write_table(folder / "train.csv", [header, *(row for rows in pairs[:-2] for row in rows)])
    known = [f"{_ACTS[0]} {_PLACES[0]} صباح اليوم", "ارتفاع سعر القمح", "other"]
    dev = [header, *(row for rows in pairs[-2:] for row in rows), known]
    _write_table(folder / "dev.csv", dev)


def _write_checkthat(folder: Path) -> None:
    """Articles of two sentences, every other article in both files, as in the lab's division."""
    rows = [
        [
            [f"Nur_{number}_1", f"{_ACTS[number % 3]} {place} يوم الأحد.", "OBJ"],
            [f"Nur_{number}_2", f"{_CLAIMS[number % 2]} {place}!", "SUBJ"],
            [f"Nur_{number}_3", f"يقع {place} في وسط البلدة.", "OBJ"],
        ]
        for number, place in enumerate(_PLACES)
    ]
    header = ["sentence_id", "sentence", "label"]
    train = [row for article in rows for row in article[:2]]
    dev = [article[2] for article in rows[::2]] + [["Nur_99_1", "ما أجمل هذا اليوم!", "SUBJ"]]
    _write_table(folder / "train_ar.tsv", [header, *train], "\t")
    _write_table(folder / "dev_ar.tsv", [header, *dev], "\t")


def _write_mawqif(folder: Path) -> None:
    """With a byte order mark, an emoji and stances of three targets."""
    targets = ("Covid Vaccine", "Digital Transformation", "Women empowerment")
    says = {"Favor": "أؤيد ذلك 😀", "Against": "لا أقبل هذا أبدا", "None": "سمعت الخبر"}
    rows = [
        [str(number), f"{says[stance]} {text}", targets[number % 3], stance, "0.8", ""]
        for number, text in enumerate((*_PLAIN, *(first for first, *_ in _ARTICLES)))
        for stance in [list(says)[number % 4 % 3]]
    ]
    header = ["\ufeffID", "text", "target", "stance", "stance:confidence", "Date"]
    _write_table(folder / "train.csv", [header, *rows])


def _write_armpro(folder: Path) -> None:
    """One span of each technique in a paragraph, and a technique that no config names."""
    lines = []
    for number, place in enumerate(_PLACES):
        text = f"وصف الكاتب ما جرى في {place} بأنه كارثة مروعة، ونعت المدير بالمهرج الفاشل."
        spans = {
            "Loaded_Language": "كارثة مروعة",
            "Name_Calling-Labeling": "بالمهرج الفاشل",
            "Doubt": "وصف",
        }
        labels = [
            {
                "technique": technique,
                "text": held,
                "start": text.index(held),
                "end": text.index(held) + len(held),
            }
            for technique, held in spans.items()
        ]
        paragraph = {"page_id": f"p{number}", "paragraph_id": f"p{number}_001", "paragraph": text}
        more = {"page_domain": "o.example", "page_date": "2022-10-13T10:06:50Z", "labels": labels}
        lines.append(json.dumps(paragraph | more, ensure_ascii=False))
    (folder / "spans.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
