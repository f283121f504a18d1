"""Texts that are not what was typed, or cannot be printed; and identifiers that a spreadsheet destroyed."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from certsvc.records import Cell, check, rule_ids
from certsvc.records.cells import is_destroyed
from certsvc.records.columns import CASES
from certsvc.records.text.encoding import fault_of
from certsvc.records.text.legacy import from_tcvn3, from_vni, is_encoded_twice, is_legacy
from certsvc.records.text.syllables import is_syllable
from certsvc.records.words import meaning_of
from tests.unit.records.samples import GOOD, REGISTRY, TODAY, checked, outcomes
from tests.unit.records.test_tables import read, saved

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
    st.sampled_from([each for each in ONSETS if each != "c"]),
    st.sampled_from(OPEN + CLOSED),
)


@pytest.mark.parametrize("text", TCVN3)
def test_tcvn3_is_seen(text: str) -> None:
    """Two words that are none as they stand, or one with a capital behind a small letter; in names of
    capitals, too.
    """
    assert is_legacy(text)


@pytest.mark.parametrize("text", VNI)
def test_vni_is_seen(text: str) -> None:
    """In small letters and in capitals."""
    assert is_legacy(text)


@pytest.mark.parametrize("text", FOREIGN + VIETNAMESE + ["«Hoa Sen» Hà Nội", "Số 5 – ngõ 3", ""])
def test_what_is_right_passes(text: str) -> None:
    """Western names, names of the highlands, and Vietnamese texts whose letters are all Western ones."""
    assert fault_of(text, text, is_name=False) is None
    assert fault_of(text, text, is_name=True) is None


@given(st.lists(SYLLABLES, min_size=1, max_size=8))
def test_no_text_of_syllables_is_refused(words: list[str]) -> None:
    """Whatever is made of Vietnamese syllables is neither old text nor encoded twice."""
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
    """Any name of syllables, written in the old encoding and read as Western: what may pass are words that
    are syllables either way.
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
    """A name is of one script; elsewhere a word is, but for Greek letters that nobody takes for Latin ones;
    what the typeface lacks is told.
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
    """A value that is on no paper asked for hinders none."""
    bad: dict[str, Cell] = {
        column: "C«ng ty Cæ phÇn" if column not in {"full_name", "mother_name"} else "TrÇn ThÞ Thö"
    }
    wants: list[dict[str, Cell]] = [{"wants_recovery": "0"}, {"wants_sick_leave": "0"}]
    told = ["V-ENCODING" in rule_ids(checked(**bad, **each).findings) for each in wants]
    assert told == [leave, recovery]


@pytest.mark.parametrize(
    ("born", "leave", "recovery"),
    [("2015-02-28", True, True), ("2010-01-01", False, True), ("1981-01-17", False, False)],
)
def test_parents_are_asked_where_a_form_names_them(born: str, leave: bool, recovery: bool) -> None:
    """Of children below 7 on both forms, below 16 as who looks after them on the recovery's."""
    bad: dict[str, Cell] = {"mother_name": "TrÇn ThÞ Thö", "birth_date": born, "citizen_id": ""}
    told = [
        "V-ENCODING" in rule_ids(checked(**bad, **{other: "0"}).findings)
        for other in ("wants_recovery", "wants_sick_leave")
    ]
    assert told == [leave, recovery]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"full_name": "H\u2019Thử Niê"}, "H'Thử Niê"),
        ({"full_name": "H\u02bcThử \u2018Niê"}, "H'Thử 'Niê"),
        ({"full_name": "Y\u2011Thử\u2013Niê"}, "Y-Thử-Niê"),
        ({"full_name": "H\u00b4Thử"}, "H'Thử"),
        ({"full_name": "\u00d0\u1eb7ng Thử"}, "Đặng Thử"),
        ({"full_name": "\u0189\u1eb7ng \u00f0ức"}, "Đặng đức"),
    ],
)
def test_names_are_brought_to_what_was_meant(changes: dict[str, Cell], name: str) -> None:
    """Apostrophes, hyphens and look-alikes of Đ; and it is told once, of that column alone."""
    row = checked(**changes)
    assert row.case is not None
    assert row.case.full_name == name
    assert [(each.rule, each.field) for each in row.findings] == [("W-REPAIRED-UNICODE", "full_name")]


def test_other_texts_keep_their_dashes() -> None:
    """Only names are typed with ' and - alone; Đ is Đ everywhere."""
    row = checked(employer="Công ty \u00d0ại Dương – chi nhánh “Số 1”", outcome="\u00d0ã khỏi")
    assert row.case is not None
    assert row.case.employer == "Công ty Đại Dương – chi nhánh “Số 1”"
    assert [(each.rule, each.field) for each in row.findings] == [
        ("W-REPAIRED-UNICODE", "employer"),
        ("W-REPAIRED-UNICODE", "outcome"),
    ]


def test_titles_and_words_take_the_look_alikes_too() -> None:
    """In any case."""
    assert [CASES.find(title) for title in ("\u00d0ơn vị làm việc", "\u0189iện thoại", "\u00f0ịa chỉ")] == [
        "employer",
        "phone",
        "address",
    ]
    assert CASES.nearest("\u00d0ịa ch") == "address"
    assert meaning_of("outcome", "\u00d0ANG ĐIỀU TRỊ") == "active"


def test_old_encodings_are_seen_before_a_letter_is_repaired() -> None:
    """Under TCVN3 the byte of Ð is é: brought to Đ first, the name would be taken for a strange one."""
    assert outcomes(full_name="TrÇn BÐ") == ("reject:V-ENCODING", "reject:V-ENCODING")


@pytest.mark.parametrize(
    "cell",
    [
        dt.date(2022, 3, 5),
        dt.datetime(2022, 3, 5, 9),  # noqa: DTZ001 (a cell has no zone)
        dt.time(8, 30),
        1.5,
        10**15,
        1e15,
        float("nan"),
        float("inf"),
        "2.10123E+11",
        "1,2E+05",
        "1e+21",
        "1.E+05",
        "1.2E-02",
    ],
)
def test_destroyed_identifiers(cell: Cell) -> None:
    """Whole rows are refused: both papers would say what nobody wrote; and a licence that is none is not
    looked up.
    """
    assert is_destroyed(cell)
    for column in ("case_id", "visit_no", "practitioner_licence"):
        assert outcomes(**{column: cell}) == ("reject:V-BROKEN-ID", "reject:V-BROKEN-ID")


@pytest.mark.parametrize(
    "cell",
    [
        "2022-03-05",
        "05/03/2022",
        "12E5",
        "12E-3",
        "E+11",
        "1234567890123456",
        7,
        7.0,
        10**15 - 1,
        True,
        None,
        "",
        "2.10123",
    ],
)
def test_identifiers_that_are_what_was_typed(cell: Cell) -> None:
    """Text that looks like a day is text; whole numbers of up to fifteen digits are whole."""
    assert not is_destroyed(cell)


@pytest.mark.parametrize("cell", [dt.date(2022, 3, 5), dt.time(8, 30), 1.5, "2.10123E+11", "1,2E+05", 1e17])
@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("citizen_id", "V-CITIZEN-ID"),
        ("social_insurance_no", "V-SOCIAL-NO"),
        ("health_insurance_card", "V-CARD"),
        ("phone", "V-PHONE"),
        ("ward_code", "V-VALUE"),
        ("facility_code", "V-FACILITY"),
    ],
)
def test_other_numbers_are_held_by_their_own_rules(column: str, rule: str, cell: Cell) -> None:
    """None of what a spreadsheet leaves of them has their shape."""
    assert outcomes(**{column: cell}) == (f"reject:{rule}", f"reject:{rule}")


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
        (row.case and row.case.full_name, {(each.rule, each.field) for each in row.findings}) for row in found
    ] == EXPECTED[folder]


@pytest.mark.parametrize(
    ("old", "new"), [("Đơn vị làm việc", "\u00d0ơn vị làm việc"), ("Địa chỉ", "\u0189ịa chỉ")]
)
def test_a_title_with_a_look_alike_has_its_column(old: str, new: str, tmp_path: Path) -> None:
    """The cells below it are read, not left out, and the file is told of it once."""
    english = {"Đơn vị làm việc": "employer", "Địa chỉ": "address"}[old]
    titles = [new if name == english else name for name in GOOD]
    text = "\n".join([",".join(titles), ",".join(f'"{cell}"' for cell in GOOD.values())])
    table, [row] = read(saved(tmp_path, text))
    assert [(each.rule, each.field) for each in table.notices] == [("W-REPAIRED-UNICODE", english)]
    assert row.cells[english] == GOOD[english]
