"""The catalogue's R rules, and warnings beside them: who may get the recovery certificate."""

import datetime as dt

from certsvc.records.rules.findings import Level, Rule, Wording

_FEBRUARY_2022 = dt.date(2022, 2, 1)
_DISCHARGE = "QĐ 250/QĐ-BYT 28/01/2022; QĐ 261/QĐ-BYT 31/01/2022; QĐ 604/QĐ-BYT 14/03/2022"

RECOVERY_RULES = (
    Rule(
        id="R-OUTCOME",
        level=Level.REJECT,
        basis=_DISCHARGE,
        valid_from=_FEBRUARY_2022,
        wordings={
            "": Wording(
                "Tình trạng chưa phải «Khỏi bệnh»: chỉ xác nhận cho người đã khỏi.",
                "The outcome is not “recovered”: only recovery can be certified.",
            )
        },
    ),
    Rule(
        id="R-NOT-OVER",
        level=Level.REJECT,
        basis="own",
        wordings={
            "": Wording(
                "Ngày kết thúc cách ly ở sau ngày hôm nay: chỉ xác nhận khi đợt cách ly đã xong.",
                "The isolation ends after today: recovery is certified once it is over.",
            )
        },
    ),
    Rule(
        id="R-CARE-SETTING",
        level=Level.REJECT,
        basis="QĐ 250/QĐ-BYT 28/01/2022",
        wordings={
            "": Wording(
                "Người điều trị tại bệnh viện hoặc cơ sở thu dung nhận giấy ra viện của nơi đó.",
                "People treated in a hospital or a centre get that place's discharge paper.",
            )
        },
    ),
    Rule(
        id="R-TOO-EARLY",
        level=Level.REJECT,
        basis=_DISCHARGE,
        valid_from=_FEBRUARY_2022,
        wordings={
            "": Wording(
                "Chưa đủ {min_days} ngày từ ngày dương tính đến ngày kết thúc cách ly (tính cả hai ngày).",
                "Fewer than {min_days} days from the positive test to the end of isolation, both counted.",
            )
        },
    ),
    Rule(
        id="R-TEST-TOO-EARLY",
        level=Level.REJECT,
        basis=_DISCHARGE,
        valid_from=_FEBRUARY_2022,
        wordings={
            "": Wording(
                "Xét nghiệm âm tính làm trước ngày thứ {first_test_day} nên không được tính, và chưa đủ số"
                " ngày để khỏi bệnh không cần xét nghiệm.",
                "The negative test was done before day {first_test_day}, so it does not count, and too few"
                " days have passed to do without one.",
            )
        },
    ),
    Rule(
        id="R-STILL-POSITIVE",
        level=Level.REJECT,
        basis=_DISCHARGE,
        valid_from=_FEBRUARY_2022,
        wordings={
            "": Wording(
                "Chưa có kết quả âm tính trong thời gian cách ly, và chưa đủ {vaccinated_days} ngày (đã tiêm"
                " đủ vắc xin) hoặc {other_days} ngày.",
                "There is no negative test within the isolation, and neither {vaccinated_days} days (fully"
                " vaccinated) nor {other_days} days have passed.",
            )
        },
    ),
    Rule(
        id="R-TESTED-ALONE",
        level=Level.REJECT,
        basis=_DISCHARGE,
        valid_from=_FEBRUARY_2022,
        wordings={
            "": Wording(
                "Xét nghiệm âm tính do người bệnh tự làm, không có nhân viên y tế làm hoặc giám sát, và chưa"
                " đủ số ngày để khỏi bệnh không cần xét nghiệm.",
                "The negative test was done by the patient unwatched by health staff, and too few days have"
                " passed to do without one.",
            )
        },
    ),
    Rule(
        id="W-DAY-COUNT",
        level=Level.WARN,
        basis=_DISCHARGE,
        valid_from=_FEBRUARY_2022,
        wordings={
            "": Wording(
                "Vừa đủ số ngày khi tính cả ngày dương tính; nơi tính từ ngày hôm sau sẽ thấy thiếu một"
                " ngày.",
                "Just enough days with the day of the positive test counted; a station that counts from the"
                " next day finds one too few.",
            )
        },
    ),
    Rule(
        id="W-NO-NEGATIVE",
        level=Level.WARN,
        basis=_DISCHARGE,
        valid_from=_FEBRUARY_2022,
        wordings={
            "": Wording(
                "Khỏi bệnh theo số ngày, không có kết quả âm tính: giấy sẽ ghi rõ điều này.",
                "Recovered by the count of days, without a negative test: the certificate says so.",
            )
        },
    ),
    Rule(
        id="R-REINFECTION",
        level=Level.REJECT,
        basis="own",
        wordings={
            "": Wording(
                "Cùng người này có một đợt mắc bệnh sau chưa kết thúc: không xác nhận khỏi bệnh cho đợt"
                " trước.",
                "The same person has a later episode that is not over: no recovery is certified for this"
                " one.",
            ),
            "elsewhere": Wording(
                "Một cơ sở khác ghi nhận người này có một đợt mắc bệnh sau chưa kết thúc: không xác nhận khỏi"
                " bệnh cho đợt trước.",
                "Another facility has a later episode of the same person that is not over: no recovery is"
                " certified for this one.",
            ),
        },
    ),
    Rule(
        id="R-NO-RULE",
        level=Level.REJECT,
        basis="own",
        wordings={
            "": Wording(
                "Hệ thống chưa có tiêu chuẩn khỏi bệnh cho ngày kết thúc cách ly này; người vận hành nhập"
                " quyết định của Bộ Y tế bằng «certsvc rules».",
                "No discharge rule has been entered for this end of isolation; an operator enters the"
                " Ministry's decision with “certsvc rules”.",
            )
        },
    ),
)
