"""The catalogue's V rules on the person: name, birth, numbers, telephone."""

from certsvc.records.rules.findings import Level, Rule, Wording

_BHXH = "QĐ 130/QĐ-BYT, kiểm tra dữ liệu của cổng giám định BHYT"

PERSON_RULES = (
    Rule(
        id="V-NAME",
        level=Level.REJECT,
        basis=_BHXH,
        wordings={
            "": Wording(
                "«{column}» có ký tự không dùng trong tên người: chỉ nhận chữ cái, dấu cách, ' . và -.",
                "“{column}” has characters no name has: only letters, spaces, ' . and - are taken.",
            ),
            "missing": Wording(
                "Thiếu «{column}»: hãy ghi đầy đủ họ và tên.", "“{column}” is missing: give the full name."
            ),
            "long": Wording(
                "«{column}» dài quá 255 ký tự: hãy kiểm tra lại.",
                "“{column}” is longer than 255 characters: check it.",
            ),
        },
    ),
    Rule(
        id="V-BIRTH",
        level=Level.REJECT,
        basis=_BHXH,
        wordings={
            "": Wording(
                "«{column}» không phải ngày có thật: ghi ngày/tháng/năm (năm đủ bốn chữ số) hoặc chỉ ghi"
                " năm.",
                "“{column}” is no real date: write dd/mm/yyyy, yyyy-mm-dd or the year alone, years with four"
                " digits.",
            ),
            "missing": Wording(
                "Thiếu «{column}»: ghi ngày/tháng/năm hoặc chỉ ghi năm.",
                "“{column}” is missing: give the date or the year alone.",
            ),
            "future": Wording(
                "«{column}» ở sau ngày hôm nay: hãy kiểm tra lại.", "“{column}” lies in the future: check it."
            ),
            "old": Wording(
                "«{column}» cách đây hơn 130 năm: hãy kiểm tra lại.",
                "“{column}” is more than 130 years ago: check it.",
            ),
            "late": Wording(
                "«{column}» ở sau ngày mắc bệnh: hãy kiểm tra lại cả hai ngày.",
                "“{column}” is after the illness began: check both dates.",
            ),
        },
    ),
    Rule(
        id="V-SEX",
        level=Level.REJECT,
        basis="QĐ 130/QĐ-BYT, GIOI_TINH",
        wordings={
            "": Wording(
                "«{column}» phải là 1/Nam, 2/Nữ hoặc 3/Chưa xác định.",
                "“{column}” must be 1/Nam, 2/Nữ or 3/Chưa xác định.",
            )
        },
    ),
    Rule(
        id="V-CITIZEN-ID",
        level=Level.REJECT,
        basis=_BHXH,
        wordings={
            "": Wording(
                "«{column}» không hợp lệ: CCCD có 12 chữ số, CMND có 9 chữ số, hộ chiếu có một chữ in hoa và"
                " 7 chữ số; hộ chiếu dạng khác phải ghi kèm «Loại giấy tờ».",
                "“{column}” is not valid: a CCCD has 12 digits, a CMND 9, a passport one capital and 7"
                " digits; other passports need “id_type”.",
            ),
            "type": Wording(
                "«{column}» không khớp với «Loại giấy tờ»: hãy sửa một trong hai.",
                "“{column}” does not fit “id_type”: correct one of the two.",
            ),
        },
    ),
    Rule(
        id="V-SOCIAL-NO",
        level=Level.REJECT,
        basis=_BHXH,
        wordings={
            "": Wording(
                "«{column}» phải gồm 10 chữ số và không toàn số 0.",
                "“{column}” must have 10 digits, not all of them zero.",
            ),
            "missing": Wording(
                "Thiếu «{column}»: giấy nghỉ việc hưởng BHXH phải có mã số này.",
                "“{column}” is missing: a sick-leave certificate needs it.",
            ),
        },
    ),
    Rule(
        id="V-CARD",
        level=Level.REJECT,
        basis=_BHXH,
        wordings={
            "": Wording(
                "«{column}» phải gồm 15 ký tự: 2 chữ in hoa, 1 chữ số từ 1 đến 5, 12 chữ số; nhiều thẻ cách"
                " nhau bằng dấu chấm phẩy.",
                "“{column}” must have 15 characters: 2 capitals, a digit 1 to 5, 12 digits; several cards are"
                " separated by semicolons.",
            )
        },
    ),
    Rule(
        id="V-PHONE",
        level=Level.REJECT,
        basis=_BHXH,
        wordings={
            "": Wording(
                "«{column}» phải có từ 9 đến 15 chữ số (được dùng dấu +, dấu cách, dấu chấm), hoặc để trống.",
                "“{column}” must have 9 to 15 digits (+, spaces and dots are allowed), or be empty.",
            )
        },
    ),
)
