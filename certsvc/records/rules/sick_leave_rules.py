"""The catalogue's A rules, and warnings beside them: who may get the sick-leave certificate."""

from certsvc.records.rules.findings import Level, Rule, Wording

_TT56 = "TT 56/2017/TT-BYT Điều 24 và PL 7; TT 25/2025/TT-BYT"
_ONE_EXAMINATION = "TT 56/2017/TT-BYT; TT 18/2022/TT-BYT (một lần khám chỉ cấp một giấy)"

SICK_LEAVE_RULES = (
    Rule(
        id="A-30-DAYS",
        level=Level.REJECT,
        basis=_TT56,
        wordings={
            "": Wording(
                "Số ngày nghỉ vượt {max_days} ngày cho một lần cấp: hãy khám lại và cấp giấy mới cho phần còn"
                " lại.",
                "The leave is longer than {max_days} days, the most one certificate may have: examine again"
                " and issue another for the rest.",
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
                "Thiếu «{column}»: giấy nghỉ việc hưởng BHXH phải ghi đơn vị làm việc.",
                "“{column}” is missing: the sick-leave form names the employer.",
            ),
            "none": Wording(
                "«{column}» cho biết người này không làm ở đơn vị nào: giấy nghỉ việc hưởng BHXH chỉ cấp cho"
                " người lao động có đơn vị làm việc.",
                "“{column}” says that there is no employer: a sick-leave certificate is for people who have"
                " one.",
            ),
        },
    ),
    Rule(
        id="A-VISIT-NO",
        level=Level.REJECT,
        basis=_TT56,
        wordings={
            "": Wording(
                "Thiếu «{column}»: mẫu giấy và tệp gửi BHXH đều phải có số khám chữa bệnh.",
                "“{column}” is missing: the form and every file for the social insurance need it.",
            )
        },
    ),
    Rule(
        id="A-AGE",
        level=Level.REJECT,
        basis="Luật Bảo hiểm xã hội 2014 Điều 25 (nghỉ chăm con dưới 7 tuổi)",
        wordings={
            "": Wording(
                "Người bệnh từ 7 đến 14 tuổi vào ngày khám: chưa đến tuổi lao động, và cha mẹ chỉ được nghỉ"
                " chăm con dưới 7 tuổi.",
                "The patient is 7 to 14 years old on the examination day: too young to be employed, and leave"
                " for the care of a child ends at 7.",
            )
        },
    ),
    Rule(
        id="A-OUTCOME",
        level=Level.REJECT,
        basis=_TT56,
        wordings={
            "": Wording(
                "Người bệnh tử vong hoặc chuyển viện: hãy ghi «{column}»; đợt nghỉ không kéo dài quá"
                " ngày đó.",
                "The patient died or was transferred: give “{column}”; the leave cannot run beyond that day.",
            ),
            "before": Wording(
                "Đợt nghỉ kéo dài quá «{column}»: hãy rút ngắn đến hết ngày đó.",
                "The leave runs beyond “{column}”: shorten it to end on that day.",
            ),
        },
    ),
    Rule(
        id="A-DIAGNOSIS",
        level=Level.REJECT,
        basis=_TT56,
        wordings={
            "": Wording(
                "Thiếu «{column}»: mẫu giấy phải ghi tên bệnh, và hệ thống không có sẵn tên tiếng Việt của mã"
                " này.",
                "“{column}” is missing: the form names the disease, and no Vietnamese name is kept for this"
                " code.",
            )
        },
    ),
    Rule(
        id="A-ONE-EXAM",
        level=Level.REJECT,
        basis=_ONE_EXAMINATION,
        wordings={
            "": Wording(
                "Lần khám ngày {examined} của người này đã có giấy {label}: mỗi lần khám chỉ cấp một giấy.",
                "This person's examination on {examined} has the certificate {label} already: one"
                " examination, one certificate.",
            )
        },
    ),
    Rule(
        id="W-ICD-MISMATCH",
        level=Level.WARN,
        basis="QĐ 98/QĐ-BYT 14/01/2022",
        wordings={
            "": Wording(
                "«{column}» và «Chẩn đoán» không khớp: chỉ một trong hai nói đến COVID-19, hãy kiểm tra.",
                "“{column}” and “diagnosis” do not fit: only one of them speaks of COVID-19; check them.",
            )
        },
    ),
    Rule(
        id="W-EXPORT",
        level=Level.WARN,
        basis="CV 2076/BHXH-CNTT; TT 25/2025/TT-BYT PL 02",
        wordings={
            "": Wording(
                "Tệp gửi BHXH của giấy này sẽ thiếu {tags}: hãy bổ sung trước khi xuất.",
                "The file for the social insurance will lack {tags} for this certificate: add what is missing"
                " before exporting.",
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
                "Giấy này chỉ dùng cho điều trị ngoại trú: người điều trị nội trú hoặc tại cơ sở thu dung"
                " nhận giấy ra viện.",
                "This form is for outpatients only: who was treated in a hospital or centre gets a discharge"
                " paper.",
            )
        },
    ),
    Rule(
        id="A-OVERLAP",
        level=Level.WARN,
        basis="TT 56/2017/TT-BYT (nhiều giấy cùng thời gian chỉ hưởng theo giấy có thời gian nghỉ dài nhất)",
        wordings={
            "": Wording(
                "Đợt nghỉ từ {first} đến {last} trùng ngày với giấy {label} của cùng người, từ {other_first}"
                " đến {other_last}.",
                "The leave of {first} to {last} shares days with the same person's certificate {label},"
                " {other_first} to {other_last}.",
            ),
            "elsewhere": Wording(
                "Đợt nghỉ từ {first} đến {last} trùng ngày với một giấy của cùng người do cơ sở khác cấp; cơ"
                " quan BHXH xem được giấy đó.",
                "The leave of {first} to {last} shares days with the same person's certificate of another"
                " facility; the insurer can see it.",
            ),
        },
    ),
    Rule(
        id="A-LATE",
        level=Level.WARN,
        basis="TT 25/2025/TT-BYT Điều 28; NĐ 23/2025/NĐ-CP",
        wordings={
            "late": Wording(
                "Giấy được ký sau ngày khám (cấp muộn): ngày trên giấy là ngày khám, chữ ký số ghi thời điểm"
                " ký thật.",
                "Signed after the examination day (late issue): the form bears the examination day, the"
                " signatures their true time.",
            ),
            "reissue": Wording(
                "Giấy được cấp lại: ngày nghỉ giữ nguyên, chữ ký số ghi thời điểm ký thật.",
                "Issued again: the leave dates stay, the signatures bear their true time.",
            ),
            "request": Wording(
                "Giấy được cấp theo đơn đề nghị sau ngày khám: ngày trên giấy là ngày khám, chữ ký số ghi"
                " thời điểm ký thật.",
                "Issued on written request after the examination day: the form bears that day, the signatures"
                " their true time.",
            ),
        },
    ),
)
