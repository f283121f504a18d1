"""The catalogue's A and R rules: who may get the sick-leave and the recovery certificate."""

import datetime as dt

from certsvc.records.findings import Level, Rule, Wording

_TT56 = "TT 56/2017/TT-BYT Điều 24 và PL 7; TT 25/2025/TT-BYT"
_FEBRUARY_2022 = dt.date(2022, 2, 1)
_DISCHARGE = "QĐ 250/QĐ-BYT 28/01/2022; QĐ 261/QĐ-BYT 31/01/2022; QĐ 604/QĐ-BYT 14/03/2022"

SICK_LEAVE_RULES = (
    Rule(
        id="A-30-DAYS",
        level=Level.REJECT,
        basis=_TT56,
        wordings={
            "": Wording(
                "Số ngày nghỉ vượt {max_days} ngày cho một lần cấp: hãy khám lại và cấp giấy mới cho phần còn lại.",
                "The leave is longer than {max_days} days, the most one certificate may have: examine again and issue another for the rest.",
            )
        },
    ),
    Rule(
        id="A-STARTS-AT-EXAM",
        level=Level.REJECT,
        basis=_TT56,
        wordings={
            "": Wording(
                "Ngày bắt đầu nghỉ phải là ngày khám: hãy kiểm tra «Cách ly từ ngày» và «Ngày khám».",
                "The leave must start on the examination day: check “isolation_from” and “examined_on”.",
            )
        },
    ),
    Rule(
        id="A-EMPLOYER",
        level=Level.REJECT,
        basis=_TT56,
        wordings={
            "": Wording(
                "Thiếu «{column}»: giấy nghỉ việc hưởng BHXH phải ghi đơn vị làm việc.", "“{column}” is missing: the sick-leave form names the employer."
            )
        },
    ),
    Rule(
        id="A-UNDER-7",
        level=Level.REJECT,
        basis=_TT56,
        wordings={
            "": Wording(
                "Người bệnh dưới 7 tuổi: phải ghi họ tên cha hoặc mẹ, và đơn vị làm việc của cha hoặc mẹ.",
                "The patient is under 7: name the father or mother, and the parent's employer.",
            )
        },
    ),
    Rule(
        id="A-INPATIENT",
        level=Level.REJECT,
        basis=_TT56,
        wordings={
            "": Wording(
                "Giấy này chỉ dùng cho điều trị ngoại trú: người điều trị nội trú hoặc tại cơ sở thu dung nhận giấy ra viện.",
                "This form is for outpatients only: who was treated in a hospital or centre gets a discharge paper.",
            )
        },
    ),
    Rule(
        id="A-OVERLAP",
        level=Level.WARN,
        basis="TT 56/2017/TT-BYT (nhiều giấy cùng thời gian chỉ hưởng theo giấy có thời gian nghỉ dài nhất)",
        wordings={
            "": Wording(
                "Đợt nghỉ từ {first} đến {last} trùng ngày với giấy {label} của cùng người, từ {other_first} đến {other_last}.",
                "The leave of {first} to {last} shares days with the same person's certificate {label}, {other_first} to {other_last}.",
            ),
            "elsewhere": Wording(
                "Đợt nghỉ từ {first} đến {last} trùng ngày với một giấy của cùng người do cơ sở khác cấp; cơ quan BHXH xem được giấy đó.",
                "The leave of {first} to {last} shares days with the same person's certificate of another facility; the insurer can see it.",
            ),
        },
    ),
    Rule(
        id="A-LATE",
        level=Level.WARN,
        basis="TT 25/2025/TT-BYT Điều 28; NĐ 23/2025/NĐ-CP",
        wordings={
            "late": Wording(
                "Giấy được ký sau ngày khám (cấp muộn): ngày trên giấy là ngày khám, chữ ký số ghi thời điểm ký thật.",
                "Signed after the examination day (late issue): the form bears the examination day, the signatures their true time.",
            ),
            "reissue": Wording(
                "Giấy được cấp lại: ngày nghỉ giữ nguyên, chữ ký số ghi thời điểm ký thật.",
                "Issued again: the leave dates stay, the signatures bear their true time.",
            ),
            "request": Wording(
                "Giấy được cấp theo đơn đề nghị sau ngày khám: ngày trên giấy là ngày khám, chữ ký số ghi thời điểm ký thật.",
                "Issued on written request after the examination day: the form bears that day, the signatures their true time.",
            ),
        },
    ),
)

RECOVERY_RULES = (
    Rule(
        id="R-OUTCOME",
        level=Level.REJECT,
        basis=_DISCHARGE,
        valid_from=_FEBRUARY_2022,
        wordings={
            "": Wording("Tình trạng chưa phải «Khỏi bệnh»: chỉ xác nhận cho người đã khỏi.", "The outcome is not “recovered”: only recovery can be certified.")
        },
    ),
    Rule(
        id="R-TOO-EARLY",
        level=Level.REJECT,
        basis=_DISCHARGE,
        valid_from=_FEBRUARY_2022,
        wordings={
            "": Wording(
                "Chưa đủ {min_days} ngày kể từ ngày dương tính đến ngày kết thúc cách ly.",
                "Fewer than {min_days} days lie between the positive test and the end of isolation.",
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
                "Chưa có kết quả âm tính trong thời gian cách ly, và chưa đủ {vaccinated_days} ngày (đã tiêm đủ vắc xin) hoặc {other_days} ngày.",
                "There is no negative test within the isolation, and neither {vaccinated_days} days (fully vaccinated) nor {other_days} days have passed.",
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
                "Xét nghiệm âm tính do người bệnh tự làm, không có nhân viên y tế làm hoặc giám sát, và chưa đủ số ngày để khỏi bệnh không cần xét nghiệm.",
                "The negative test was done by the patient unwatched by health staff, and too few days have passed to do without one.",
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
                "Cùng người này có một đợt mắc bệnh sau chưa kết thúc: không xác nhận khỏi bệnh cho đợt trước.",
                "The same person has a later episode that is not over: no recovery is certified for this one.",
            )
        },
    ),
    Rule(
        id="R-NO-RULE",
        level=Level.REJECT,
        basis="own",
        valid_to=_FEBRUARY_2022 - dt.timedelta(days=1),
        wordings={
            "": Wording(
                "Hệ thống chưa có tiêu chuẩn khỏi bệnh cho ngày kết thúc cách ly này (trước 01/02/2022).",
                "No discharge rule has been entered for this end of isolation (before 01/02/2022).",
            )
        },
    ),
)
