"""Texts that are not what was typed, or cannot be printed."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from certsvc.records import Cell, check, rule_ids
from certsvc.records.text.encoding import fault_of
from certsvc.records.text.legacy import from_tcvn3, from_vni, is_encoded_twice, is_legacy
from certsvc.records.text.syllables import is_syllable
from tests.unit.records.samples import REGISTRY, TODAY, checked
from tests.unit.records.test_tables import read

FAULTS = Path(__file__).parents[2] / "data" / "faults"

FOREIGN = [
    "Jürgen Müller",
    "François Noël",
    "José García Nuñez",
    "Lü Bo",
    "João São",
    "Björk Ågren",
    "Zoë Brontë",
    "Ê Đê",
    "Y Kŏ ƀuôn Niê Kđăm",
    "Siu Blơ̆ č ĕ ñ ư̆",
]
VIETNAMESE = [
    "Hoàng Hà",
    "Lê Thị Hoà",
    "Công ty Hoà Bình",
    "Quý Thuỷ",
    "Khuê Thúy Giếng",
    "Nghiêng Xoong Khuỷu Quẩn",
    "Ỷ Ý Yến Uyển",
    "Trường Quốc Oai",
]
TCVN3 = [
    "TrÇn ThÞ Thö",
    "TRÇN THÞ THÖ",
    "C«ng ty Cæ phÇn May",
    "Sè 12, ngâ 5, phè HuÕ",
    "Ng« V¨n T\u00adêng",
    "HuÕ",
    "“Tr­êng TiÓu häc”",
]
VNI = [
    "Nguyeãn Vaên An",
    "NGUYEÃN VAÊN AN",
    "Traàn Thò Höôøng",
    "Soá 5, ñöôøng Leâ Lôïi",
    "Coâng ty Coå phaàn",
]
TWICE = ["Nguyễn Văn", "Đặng Thị Hoàng", "á", "Công ty"]


def _twice(text: str) -> str:
    """UTF-8 read as Windows-1252, as browsers do: the five bytes that it leaves empty become controls."""
    return "".join(
        chr(byte) if byte in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else bytes([byte]).decode("cp1252")
        for byte in text.encode()
    )


ONSETS = ["b", "c", "ch", "d", "đ", "h", "kh", "l", "m", "n", "nh", "ph", "r", "s", "t", "th", "tr", "v", "x"]
OPEN = [
    "a",
    "à",
    "á",
    "ả",
    "ã",
    "ạ",
    "ai",
    "ài",
    "ái",
    "ải",
    "ãi",
    "ao",
    "áo",
    "an",
    "án",
    "ần",
    "ang",
    "áng",
    "ương",
    "ường",
    "ông",
    "ống",
    "ồng",
    "úng",
]
CLOSED = ["át", "ạt", "ấp", "ập", "úc", "ục", "ước", "ược", "ốc", "ộc", "ích", "ịch"]
SYLLABLES = st.builds(
    lambda onset, rhyme: (onset + rhyme).capitalize(),
    st.sampled_from([onset for onset in ONSETS if onset != "c"]),
    st.sampled_from(OPEN + CLOSED),
)


@pytest.mark.parametrize("text", TCVN3)
def test_tcvn3_is_seen(text: str) -> None:
    """By two words that are no syllables as they stand, or one with a capital behind a small letter; also in
    names of capitals.
    """
    assert is_legacy(text)


@pytest.mark.parametrize("text", VNI)
def test_vni_is_seen(text: str) -> None:
    """In small letters and in capitals."""
    assert is_legacy(text)


@pytest.mark.parametrize("text", FOREIGN + VIETNAMESE + ["«Hoa Sen» Hà Nội", "Số 5 – ngõ 3", ""])
def test_what_is_right_passes(text: str) -> None:
    """Western names, names from the highlands, and Vietnamese texts whose letters are all Western."""
    assert fault_of(text, text, is_name=False) is None
    assert fault_of(text, text, is_name=True) is None


@given(st.lists(SYLLABLES, min_size=1, max_size=8))
def test_no_text_of_syllables_is_refused(words: list[str]) -> None:
    """Text of Vietnamese syllables is taken neither for old text nor for text encoded twice."""
    assert all(map(is_syllable, words))
    text = " ".join(words)
    assert fault_of(text, text, is_name=True) is None


_TCVN3_BYTES = {
    from_tcvn3(chr(byte)): chr(byte) for byte in range(0xA1, 0xFF) if from_tcvn3(chr(byte)) != "?"
}
_VNI_PIECES = {
    from_vni(letter + mark): letter + mark
    for letter in "aeouyôö"
    for mark in "øùûõïàáåãäèéúüëâê"
    if "?" not in from_vni(letter + mark)
}
_VNI_PIECES = {meant: piece for meant, piece in _VNI_PIECES.items() if len(meant) == 1} | {
    from_vni(letter): letter for letter in "ñìíæóòîôö"
}


@pytest.mark.parametrize("pieces", [_TCVN3_BYTES, _VNI_PIECES], ids=["tcvn3", "vni"])
@given(words=st.lists(SYLLABLES, min_size=2, max_size=6))
def test_old_text_is_refused_where_two_words_show_it(pieces: dict[str, str], words: list[str]) -> None:
    """Any name of syllables, written in the old encoding and read as Western; only words that are syllables
    either way may pass.
    """
    text = " ".join(
        "".join(pieces.get(letter, pieces.get(letter.lower(), letter)) for letter in word) for word in words
    )
    assume(sum(not is_syllable(word) for word in text.split() if not word.isascii()) > 1)
    assert is_legacy(text)


@pytest.mark.parametrize("text", TWICE)
def test_double_encoding_is_seen(text: str) -> None:
    """By Windows-1252 with the bytes it leaves empty, and by Latin-1; the text itself is right."""
    assert is_encoded_twice(_twice(text))
    assert is_encoded_twice(text.encode().decode("latin-1"))
    assert not is_encoded_twice(text)


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_encoded_twice_is_seen(text: str) -> None:
    """Whatever is beyond ASCII."""
    assert is_encoded_twice(_twice(text)) is not text.isascii()


@pytest.mark.parametrize(
    ("text", "is_name", "variant"),
    [
        ("Nguyễn V\u0430n", True, "scripts"),
        ("Nguyễn Иван", True, "scripts"),
        ("Hµ Thu", True, "scripts"),
        ("Иван Петров", True, None),
        ("Công ty M\u0430y", False, "scripts"),
        ("COVID-19 \u0421OVID", False, "scripts"),
        ("BΝ", False, "scripts"),
        ("β-lactam, TNFα, 5 µg, 5µg, NF-κB, kΩ", False, None),
        ("thuốc β", False, None),
        ("Công ty Газпром", False, None),
        ("①", False, "unprintable"),
        ("Lê 李", True, "unprintable"),
        ("ខ្មែរ", True, "unprintable"),
        ("\ua794", True, "unprintable"),
        ("ß ŉ ǰ", False, None),
        ("a\u2061b", False, "unprintable"),
        ("x ≤ 5 ² ½ … “a” – •", False, None),
    ],
)
def test_scripts_and_letters(text: str, is_name: bool, variant: str | None) -> None:
    """A name keeps to one script; elsewhere a word does, except for Greek letters that nobody takes for Latin
    ones; what the typeface lacks is reported.
    """
    fault = fault_of(text, text, is_name=is_name)
    assert (fault and fault.variant) == variant


def test_the_place_of_a_letter_is_told_and_not_the_letter() -> None:
    """Messages hold nothing of a person."""
    [found] = checked(full_name="Lê 李").findings
    assert "thứ 4" in found.message_vi
    assert "李" not in found.message_vi + found.message_en


@pytest.mark.parametrize(
    ("column", "leave", "recovery"),
    [
        ("full_name", True, True),
        ("address", False, True),
        ("test_place", False, True),
        ("employer", True, False),
        ("diagnosis", True, False),
        ("treatment", True, False),
        ("mother_name", False, False),
        ("visit_no", True, False),
    ],
)
def test_only_what_a_wanted_form_prints_is_asked(column: str, leave: bool, recovery: bool) -> None:
    """A value that no wanted paper prints stands in the way of none."""
    bad: dict[str, Cell] = {
        column: "C«ng ty Cæ phÇn" if column not in {"full_name", "mother_name"} else "TrÇn ThÞ Thö"
    }
    wants: list[dict[str, Cell]] = [{"wants_recovery": "0"}, {"wants_sick_leave": "0"}]
    told = ["V-ENCODING" in rule_ids(checked(**bad, **wish).findings) for wish in wants]
    assert told == [leave, recovery]


@pytest.mark.parametrize(
    ("born", "leave", "recovery"),
    [("2015-02-28", True, True), ("2010-01-01", False, True), ("1981-01-17", False, False)],
)
def test_parents_are_asked_where_a_form_names_them(born: str, leave: bool, recovery: bool) -> None:
    """Of children under 7 on both forms, under 16 as their guardians on the recovery's."""
    bad: dict[str, Cell] = {"mother_name": "TrÇn ThÞ Thö", "birth_date": born, "citizen_id": ""}
    told = [
        "V-ENCODING" in rule_ids(checked(**bad, **{other: "0"}).findings)
        for other in ("wants_recovery", "wants_sick_leave")
    ]
    assert told == [leave, recovery]


EXPECTED = {
    "04-curly-apostrophe-name": [("H'Thử Niê", {("W-REPAIRED-UNICODE", "full_name")})],
    "05-eth-for-d-with-stroke": [("Đặng Thử", set()), ("Đặng Thử", {("W-REPAIRED-UNICODE", "full_name")})],
    "06-tcvn3-name": [(None, {("V-ENCODING", "full_name")})],
    "07-scientific-notation-ids": [(None, {("V-BROKEN-ID", "case_id"), ("V-BROKEN-ID", "visit_no")})],
    "08-dry-run-unprintable-name": [(None, {("V-ENCODING", "full_name")})],
}


@pytest.mark.parametrize("folder", EXPECTED)
def test_files_of_others(folder: str) -> None:
    """Each of these files was once taken as it is, or refused for the wrong reason."""
    found = [
        check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices)
        for row in read(FAULTS / folder / "cases.csv")[1]
    ]
    assert [
        (row.case and row.case.full_name, {(finding.rule, finding.field) for finding in row.findings})
        for row in found
    ] == EXPECTED[folder]
