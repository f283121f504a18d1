"""What the pages say: the verdict's words, what each asker may see, errors that lead to their field."""

from dataclasses import replace
from typing import Any

import pytest

from certsvc import words as names
from certsvc.api.words import pages
from certsvc.models import Kind, Slot
from certsvc.templates.qr import data_address
from certsvc.verify.dates import LATE as LATE_NOTE
from certsvc.verify.reasons import ADVICE, WITHDRAWAL, Reason
from certsvc.verify.report import Check, CheckName, CheckOutcome, TimeSource, Verdict
from tests.unit.api.page_reading import Outline, render, words_of
from tests.unit.api.page_samples import (
    INITIALS,
    PAGES,
    PROOFS,
    REGISTER,
    STRANGER,
    TOKEN,
    VERDICT_OF_REASON,
    report,
)

_BY_LABEL = {page.label: page for page in PAGES}


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [(verdict, reason) for reason, verdicts in VERDICT_OF_REASON.items() for verdict in verdicts],
)
def test_the_answer_says_verdict_reason_and_next_step(verdict: Verdict, reason: Reason) -> None:
    """The band comes first; message and next step in both languages, or the few words that fit suspension and
    replacement.
    """
    words = words_of(render(_BY_LABEL[f"answer-{verdict}-{reason}"]))
    advice = ADVICE[reason]
    headline = pages.headline_of(report(verdict, reason).to_json())
    for text in (
        headline.title.vi,
        headline.title.en,
        headline.order.vi,
        headline.order.en,
        advice.next_step_vi,
        advice.next_step_en,
    ):
        assert text in words
    if verdict in {Verdict.SUSPENDED, Verdict.REPLACED} and reason in WITHDRAWAL:
        assert f"Lý do: {names.WITHDRAWN_FOR[reason].vi}." in words
        assert "rút lại" not in words
    else:
        assert advice.message_vi in words
        assert advice.message_en in words
    assert words.index(headline.title.vi) < words.index(advice.next_step_vi)
    assert "Kiểm tra lúc 09:05 14/03/2026" in words


def test_only_a_genuine_paper_is_green() -> None:
    """The accepting tone and the tick belong to `valid` alone."""
    green = {
        (verdict, reason)
        for reason, verdicts in VERDICT_OF_REASON.items()
        for verdict in verdicts
        if _tone(verdict, reason) is pages.Tone.GOOD
    }
    assert green == {(Verdict.VALID, Reason.GENUINE)}


def _tone(verdict: Verdict, reason: Reason) -> pages.Tone:
    return pages.headline_of(report(verdict, reason).to_json()).tone


def test_every_code_has_its_words() -> None:
    """A new verdict, kind, slot, check, outcome or time source cannot be forgotten on the pages."""
    assert set(VERDICT_OF_REASON) == set(Reason)
    assert {verdict for verdicts in VERDICT_OF_REASON.values() for verdict in verdicts} == set(Verdict)
    assert set(pages.BY_VERDICT) == set(Verdict)
    assert set(names.TITLES) == {*Kind, "station_certificate"}
    assert set(names.SLOTS) == set(Slot)
    assert set(pages.CHECKS) == set(CheckName)
    assert set(pages.OUTCOMES) == set(CheckOutcome)
    assert set(pages.TIME_SOURCES) == set(TimeSource)
    assert set(names.WITHDRAWN_FOR) == WITHDRAWAL


def test_a_good_code_alone_asks_to_compare_the_paper() -> None:
    """Code and QR can be copied onto another's paper, the published file cannot; the holder is not asked."""
    claims = Check(CheckName.CLAIMS, CheckOutcome.PASSED)
    typed, scanned, file = (
        report(Verdict.VALID, Reason.GENUINE, checks=checks).to_json()
        for checks in ((REGISTER,), (REGISTER, claims), PROOFS)
    )
    assert pages.headline_of(typed).title.vi == "Mã thật – hãy so với giấy"
    assert pages.headline_of(scanned).title.vi == "Mã QR thật – hãy so với giấy"
    assert pages.headline_of(file).title.vi == "Giấy thật – còn hiệu lực"
    assert pages.headline_of(typed, for_holder=True) == pages.headline_of(file)


def test_a_genuine_paper_shows_what_to_compare() -> None:
    """Kind, facility, the serial's last four, the paper's date, when it was signed and the initials stand on
    the stranger's page.
    """
    words = words_of(render(_BY_LABEL["answer-valid-genuine"]))
    for text in (
        "Giấy chứng nhận nghỉ việc hưởng bảo hiểm xã hội",
        "Trạm Y tế phường Hàng Thử",
        "… 0123",
        "Ngày trên giấy Date on the paper 07/03/2026",
        "Ký số lúc Digitally signed at 07/03/2026 10:42",
        INITIALS,
    ):
        assert text in words
    assert "Giấy xác nhận của Trạm Y tế" in words_of(render(_BY_LABEL["answer-station"]))
    minor = words_of(render(_BY_LABEL["answer-minor"]))
    assert INITIALS not in minor
    assert "dưới 18 tuổi" in minor


@pytest.mark.parametrize("label", ["answer-late", "file-late", "many-late"])
def test_a_late_paper_shows_both_days_and_is_no_reason_to_refuse(label: str) -> None:
    """The paper prints the day of the examination; that it was signed years later is said beside it, in a
    sentence, and not held against it.
    """
    words = words_of(render(_BY_LABEL[label]))
    assert "14/03/2022" in words
    assert "07/03/2026 10:42" in words
    assert LATE_NOTE.vi in words
    assert LATE_NOTE.en in words


def test_nobody_is_told_to_compare_the_day_of_signing() -> None:
    """What must be as on the paper is named, and the day of signing is not among it; a paper signed on its
    date needs no excuse.
    """
    words = words_of(render(_BY_LABEL["answer-valid-genuine"]))
    assert "Chữ cái đầu họ tên, ngày trên giấy, cơ sở y tế và số seri phải đúng như dưới đây" in words
    assert "Nhập ngày sinh để so cả họ tên và ngày nghỉ" in words
    assert LATE_NOTE.vi not in words
    assert LATE_NOTE.vi not in words_of(render(_BY_LABEL["answer-late-revoked"]))


def test_what_is_not_signed_bears_no_date() -> None:
    words = words_of(render(_BY_LABEL["answer-pending-not_signed_yet"]))
    assert "Ngày trên giấy Date on the paper Chưa có None yet" in words
    assert "Ký số lúc Digitally signed at Chưa ký Not signed" in words


def test_only_a_valid_paper_asks_for_the_last_four() -> None:
    """No PDF of a withdrawn or unsigned paper, so nobody is asked for more than opens anything."""
    asking = [
        page.label
        for page in PAGES
        if page.template == "answer.html" and page.is_stranger and 'name="id_last4"' in render(page)
    ]
    assert sorted(asking) == [
        "answer-late",
        "answer-minor",
        "answer-station",
        "answer-valid-genuine",
        "answer-valid-qr",
    ]


def test_a_grant_leads_to_the_pdf() -> None:
    """The download address carries the code and the grant; without a grant there is no such address."""
    links = [link["href"] for link in Outline(render(_BY_LABEL["answer-valid-genuine-proven"])).all("a")]
    assert "/v/K7M2-QX4P-9RTV-W3HD/pdf?grant=a.grant" in links
    without = [
        page.label for page in PAGES if page.template == "answer.html" and "/pdf?grant=" in render(page)
    ]
    assert without == ["answer-valid-genuine-proven", "answer-recovery-proven"]


def test_the_birth_date_need_not_be_typed_again() -> None:
    """Who gave only the birth date adds the last four to get the PDF; the date comes along hidden [WCAG 2.2
    §3.3.7].
    """
    fields = {
        field["name"]: field for field in Outline(render(_BY_LABEL["answer-valid-dates-only"])).all("input")
    }
    assert fields["birth_date"]["type"] == "hidden"
    assert fields["birth_date"]["value"] == "05/09/1988"
    assert "required" in fields["id_last4"]


def test_the_holder_sees_name_dates_and_what_happened() -> None:
    """Name in capitals, leave dates, days and the events in order; events that are ours alone are left
    out.
    """
    page = _BY_LABEL["answer-valid-genuine-proven"]
    proven = page.context["proven"]
    secret = type(proven.history[0])(at=proven.history[0].at, name="mailed_to_auditor", actor="x", facts={})
    words = words_of(render(page, proven=replace(proven, history=(*proven.history, secret))))
    for text in ("NGUYỄN THỊ BÍCH HẠNH", "từ 06/03/2026 đến hết 12/03/2026", "012342600123"):
        assert text in words
    places = [
        words.index(pages.EVENTS[name].vi)
        for name in ("requested", "signing", "issued", "suspended", "reinstated")
    ]
    assert places == sorted(places)
    assert "mailed" not in words


def test_a_replaced_paper_leads_its_holder_to_the_new_one() -> None:
    """Only after the second factor."""
    assert "/my?code=DH3W-VTR9-P4XQ-2M7K" in render(_BY_LABEL["answer-replaced-wrong_data-proven"])
    assert "DH3W" not in render(_BY_LABEL["answer-replaced-wrong_data"])


def test_a_token_is_never_shown_as_a_code() -> None:
    """What came out of a QR goes along hidden: nobody could compare or type it."""
    for label in ("answer-valid-qr", "answer-unknown-qr", "my-qr"):
        assert TOKEN[:8] not in words_of(render(_BY_LABEL[label]))
    hidden = [
        field for field in Outline(render(_BY_LABEL["my-qr"])).all("input") if field["type"] == "hidden"
    ]
    assert [field["value"] for field in hidden] == [TOKEN]


def test_an_error_leads_to_its_field() -> None:
    """The summary stands before the form, takes the focus and links to the field; the typed code stays, the
    birth date does not.
    """
    html = render(_BY_LABEL["my-malformed_birth_date"])
    outline = Outline(html)
    summary = next(element for element in outline.all("div") if element.get("role") == "alert")
    assert summary["tabindex"] == "-1"
    assert "autofocus" in summary
    assert html.index("error-summary") < html.index("<form")
    fields = {field["name"]: field for field in outline.all("input")}
    assert "#birth_date" in {link["href"] for link in outline.all("a")}
    assert fields["birth_date"]["aria-invalid"] == "true"
    assert "value" not in fields["birth_date"]
    assert fields["code"]["value"] == "k7m2-qx4p-9rtv-w3hd"
    assert "aria-invalid" not in fields["code"]
    assert "<title>Lỗi: " in html


@pytest.mark.parametrize(
    ("label", "changes"),
    [
        ("my-no_match", {"typed": {"code": '"><script>alert(1)</script>', "birth_date": ""}}),
        ("check", {"typed": '"><script>alert(1)</script>'}),
        (
            "answer-valid-genuine",
            {
                "report": report(
                    Verdict.REVOKED,
                    Reason.FRAUD,
                    certificate=STRANGER | {"facility": "<script>alert(1)</script>"},
                ).to_json()
            },
        ),
    ],
)
def test_what_others_typed_becomes_no_markup(label: str, changes: dict[str, Any]) -> None:
    """Typed codes and stored names are text, whatever they hold."""
    html = render(_BY_LABEL[label], **changes)
    assert Outline(html).all("script") == Outline(render(_BY_LABEL[label])).all("script")
    assert "&lt;script&gt;" in html


def test_names_in_a_stranger_s_file_are_only_claims() -> None:
    """Signers who are not proven to be ours are shown as what the file says of itself, and as markup
    never.
    """
    seen = _BY_LABEL["file-other"].context["report"]
    evil = seen | {"signatures": [seen["signatures"][0] | {"signer": "<b onclick=x>Trạm Y tế</b>"}]}
    html = render(_BY_LABEL["file-other"], report=evil)
    assert "Tên dưới đây do tệp tự ghi" in html
    assert not Outline(html).all("b")
    assert "Tên dưới đây do tệp tự ghi" not in render(_BY_LABEL["file-valid"])


def test_the_slip_holds_the_code_and_nothing_personal() -> None:
    """The code in four groups, the address and its QR."""
    html = render(_BY_LABEL["slip"])
    assert "K7M2 QX4P 9RTV W3HD" in words_of(html)
    assert "https://giay.example.vn/v/K7M2-QX4P-9RTV-W3HD" in html
    assert Outline(html).all("img")[1]["src"] == data_address(_BY_LABEL["slip"].context["qr"])
