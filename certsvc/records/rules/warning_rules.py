"""The catalogue's W rules on fields and files: what is only worth a warning, and what was repaired.

W-MENDED (a row that a person mended in place), W-FORMULA (a spreadsheet's formula read by its last computed
value) and W-COLUMN (columns left unread) are our own, so that nothing is dropped or taken over unsaid.
"""

import datetime as dt

from certsvc.records.rules.findings import Level, Rule, Wording

WARNING_RULES = (
    Rule(
        id="W-CITIZEN-MISMATCH",
        level=Level.WARN,
        basis="Cấu trúc số định danh cá nhân: mã thế kỷ, giới tính và năm sinh",
        wordings={
            "": Wording(
                "«{column}» không khớp với giới tính hoặc năm sinh trong hồ sơ: hãy đối chiếu giấy tờ.",
                "“{column}” does not fit the sex or the year of birth in the record: compare with the"
                " document.",
            ),
            "card": Wording(
                "«{column}» trong hồ sơ khác với mã QR trên thẻ CCCD: hãy đối chiếu thẻ.",
                "“{column}” in the record differs from the QR code of the citizen card: compare with the"
                " card.",
            ),
        },
    ),
    Rule(
        id="W-CARD-MISMATCH",
        level=Level.WARN,
        basis="QĐ 130/QĐ-BYT, kiểm tra dữ liệu của cổng giám định BHYT",
        wordings={
            "": Wording(
                "Mười chữ số cuối của «{column}» khác mã số BHXH: hãy đối chiếu thẻ.",
                "The last ten digits of “{column}” are not the social-insurance number: compare with the"
                " card.",
            )
        },
    ),
    Rule(
        id="W-ICD-OLD",
        level=Level.WARN,
        basis="QĐ 98/QĐ-BYT 14/01/2022",
        valid_to=dt.date(2022, 3, 31),
        wordings={
            "": Wording(
                "«{column}»: B34.2 là mã cũ của COVID-19, chỉ nhận cho ngày khám đến hết 31/03/2022.",
                "“{column}”: B34.2 is COVID-19's old code, taken only for examinations up to 31/03/2022.",
            )
        },
    ),
    Rule(
        id="W-REPAIRED-ZEROS",
        level=Level.REPAIR,
        basis="own",
        wordings={
            "": Wording(
                "«{column}» bị bảng tính làm mất số 0 ở đầu và đã được thêm lại: hãy kiểm tra.",
                "“{column}” had lost leading zeros to a spreadsheet; they were put back: check it.",
            )
        },
    ),
    Rule(
        id="W-REPAIRED-UNICODE",
        level=Level.REPAIR,
        basis="Unicode NFC (UAX #15); TCVN 6909",
        wordings={
            "": Wording(
                "«{column}» dùng chữ tổ hợp hoặc thừa khoảng trắng và đã được chuẩn hóa.",
                "“{column}” was in decomposed Unicode or had surplus blanks; it was normalised.",
            ),
            "letters": Wording(
                "«{column}» có chữ Ð (U+00D0) hoặc chữ trông giống Đ; đã được thay bằng chữ Đ tiếng Việt.",
                "“{column}” had Ð (U+00D0) or another letter that looks like Đ; it was replaced by the"
                " Vietnamese Đ.",
            ),
            "title": Wording(
                "Tiêu đề cột «{column}» viết bằng chữ Ð (U+00D0) hoặc chữ trông giống Đ; cột vẫn được đọc.",
                "The title of “{column}” was written with Ð (U+00D0) or another letter that looks like Đ; the"
                " column was read.",
            ),
            "marks": Wording(
                "«{column}» có dấu nháy cong hoặc gạch nối kiểu in (như ’ –); đã được thay bằng ' và -.",
                "“{column}” had curly apostrophes or typographic hyphens (such as ’ –); they were replaced by"
                " ' and -.",
            ),
        },
    ),
    Rule(
        id="W-REPAIRED-SOCIAL-NO",
        level=Level.REPAIR,
        basis="QĐ 130/QĐ-BYT: mười ký tự cuối của thẻ BHYT là mã số BHXH",
        wordings={
            "": Wording(
                "«{column}» để trống và đã được lấy từ mười chữ số cuối của thẻ BHYT: hãy kiểm tra.",
                "“{column}” was empty and was taken from the last ten digits of the health-insurance card:"
                " check it.",
            )
        },
    ),
    Rule(
        id="W-REPAIRED-CCCD-QR",
        level=Level.REPAIR,
        basis="own",
        wordings={
            "": Wording(
                "«{column}» là nội dung mã QR trên thẻ CCCD: số và ngày cấp lấy từ đó, và các ô còn trống"
                " được điền theo.",
                "“{column}” holds the text of the card's QR code: number and date of issue were taken from"
                " it, and empty cells filled.",
            )
        },
    ),
    Rule(
        id="W-SAME-NUMBER",
        level=Level.WARN,
        basis="own",
        wordings={
            "": Wording(
                "«{column}» cũng có ở một người khác họ tên hoặc ngày sinh: hãy đối chiếu giấy tờ.",
                "“{column}” also stands with another name or date of birth: compare with the documents.",
            )
        },
    ),
    Rule(
        id="W-BEFORE-POSITIVE",
        level=Level.WARN,
        basis="own",
        wordings={
            "": Wording(
                "«{column}» sớm hơn ngày dương tính quá một ngày: hãy kiểm tra lại hai ngày.",
                "“{column}” is more than a day before the positive test: check both dates.",
            ),
            "late": Wording(
                "«{column}» muộn hơn ngày dương tính quá 14 ngày: hãy kiểm tra lại hai ngày.",
                "“{column}” is more than 14 days after the positive test: check both dates.",
            ),
        },
    ),
    Rule(
        id="W-SAME-VISIT",
        level=Level.WARN,
        basis="own",
        wordings={
            "": Wording(
                "«{column}» này trong cùng ngày khám và cùng cơ sở cũng có ở người bệnh khác: hãy kiểm tra.",
                "This “{column}” stands with another patient of the same facility and day: check it.",
            )
        },
    ),
    Rule(
        id="W-FORMULA",
        level=Level.WARN,
        basis="own",
        wordings={
            "": Wording(
                "«{column}» là công thức: hệ thống đọc giá trị bảng tính đã tính lần cuối, hãy kiểm tra.",
                "“{column}” is a formula: the value last computed by the spreadsheet was read; check it.",
            ),
            "no_value": Wording(
                "«{column}» là công thức chưa có giá trị nên được đọc như ô trống: hãy mở tệp bằng bảng tính,"
                " tính lại rồi lưu.",
                "“{column}” is a formula without a computed value and was read as empty: open the file,"
                " recalculate and save it.",
            ),
        },
    ),
    Rule(
        id="W-COLUMN",
        level=Level.WARN,
        basis="own",
        wordings={
            "": Wording(
                "Các cột không dùng đến và không được đọc: {titles}.",
                "Columns this service does not know were not read: {titles}.",
            ),
            "late": Wording(
                "Hồ sơ này có trường mà dịch vụ không biết và không đọc: hãy kiểm tra tên trường.",
                "This record has a field that this service does not know and did not read: check its name.",
            ),
        },
    ),
    Rule(
        id="W-ELSEWHERE",
        level=Level.WARN,
        basis="own",
        wordings={
            "": Wording(
                "Chạy thử chỉ xét hồ sơ của cơ sở này; giấy và ca bệnh ở cơ sở khác chỉ được xét khi cấp, nên"
                " dòng «sẽ cấp» vẫn có thể bị từ chối.",
                "A dry run looks at this facility's cases alone; those of other facilities are looked at when"
                " issuing, so a row that would be issued may still be rejected.",
            )
        },
    ),
    Rule(
        id="W-MENDED",
        level=Level.WARN,
        basis="own",
        wordings={
            "": Wording(
                "Dòng này đã được sửa trên trang lô hồ sơ và được xét theo nội dung đã sửa; tệp gửi lên vẫn"
                " giữ nguyên.",
                "This row was mended on the batch's page and is judged as mended; the file that was sent"
                " stays as it is.",
            )
        },
    ),
)
