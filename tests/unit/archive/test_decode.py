import codecs

import pytest

from model.archive.article import BadRecordError
from model.archive.decode import decode, detect_encoding

TEXT = (
    "أكد الناطق الرسمي باسم قوات التحالف الدولي أن التحالف سيواصل تقديم الدعم المالي.\r\n\r\n"
    "وقال في حوار مع وسائل إعلام إن القوات تؤمن الدعم للسجون التي تضم أسرى."
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256", "iso8859_6"])
def test_every_encoding_gives_the_exact_text(encoding):
    assert decode(TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_utf16_of_either_byte_order(mark, encoding):
    assert decode(mark + TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize("encoding", ["cp1256", "iso8859_6"])
def test_a_code_page_is_found_behind_pages_of_markup(encoding):
    page = "<p class='a'>plain</p>" * 10_000 + TEXT
    assert decode(page.encode(encoding)) == page


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"ab\x00cd", 2),
        (codecs.BOM_UTF8 + b"ab\x00", 5),
        (codecs.BOM_UTF16_LE + "ab\0".encode("utf-16-le"), 6),
        (codecs.BOM_UTF16_LE + b"a\x00b", 4),
        (TEXT.encode()[:-1] + b"\xff", len(TEXT.encode()) - 1),
        (TEXT.encode()[:-2], len(TEXT.encode()[:-2]) - 1),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(128, 256)) * 30, 0),
    ],
    ids=["nul", "nul after mark", "nul utf-16", "odd utf-16", "one bad byte", "cut", "binary"],
)
def test_nonsense_is_refused_with_its_offset(data, offset):
    with pytest.raises(BadRecordError) as fault:
        decode(data)
    assert fault.value.offset == offset


@pytest.mark.parametrize("place", range(0, 400, 7))
def test_broken_utf8_is_never_taken_for_a_code_page(place):
    data = (TEXT * 3).encode()
    assert detect_encoding(data[:place] + b"\xff" + data[place:]) is None


def test_a_head_may_end_inside_a_character():
    assert detect_encoding(TEXT.encode()[:-2]) == "utf-8-sig"
