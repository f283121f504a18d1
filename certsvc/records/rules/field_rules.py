"""The catalogue's other V rules: what the fields of a case, and its row, must be.

Ids and meaning are those of the project's table of rules; four are our own. V-TEXT: a text that is
missing, too long, or holds control characters. V-VALUE: a word or number its column does not know.
V-ROW: a row whose cells are not where they belong, or which is no record. V-DOCUMENT: a dossier of an
exchange file that cannot be read. They keep strange things off certificates.
"""

from certsvc.records.rules.findings import Level, Rule, Wording

_CT07 = "TT 56/2017/TT-BYT PL 7; TT 25/2025/TT-BYT Mẫu 07"

FIELD_RULES = (
    Rule(
        id="V-DATE-ORDER",
        level=Level.REJECT,
        basis=_CT07,
        wordings={
            "": Wording(
                "«{column}» không phải ngày có thật: ghi ngày/tháng/năm hoặc năm-tháng-ngày, năm đủ bốn"
                " chữ số.",
                "“{column}” is no real date: write dd/mm/yyyy or yyyy-mm-dd, years with four digits.",
            ),
            "missing": Wording("Thiếu «{column}».", "“{column}” is missing."),
            "future": Wording(
                "«{column}» ở sau ngày hôm nay: hãy kiểm tra lại.", "“{column}” lies in the future: check it."
            ),
            "examined": Wording(
                "«{column}» ở trước ngày khám: hãy kiểm tra lại hai ngày.",
                "“{column}” is before the examination: check both dates.",
            ),
            "isolation": Wording(
                "«{column}» ở trước ngày bắt đầu cách ly: hãy kiểm tra lại hai ngày.",
                "“{column}” is before isolation began: check both dates.",
            ),
            "negative": Wording(
                "«{column}»: kết quả âm tính có trước ngày dương tính, hãy kiểm tra lại hai ngày.",
                "“{column}”: the negative test is before the positive one; check both dates.",
            ),
        },
    ),
    Rule(
        id="V-FACILITY",
        level=Level.REJECT,
        basis="Luật Khám bệnh, chữa bệnh; TT 56/2017/TT-BYT Điều 26",
        wordings={
            "": Wording(
                "«{column}» không có trong danh mục cơ sở của hệ thống: hãy kiểm tra mã 5 chữ số hoặc đề nghị"
                " thêm cơ sở.",
                "“{column}” is not in this service's list of facilities: check the 5 digits, or ask for the"
                " facility to be added.",
            ),
            "missing": Wording(
                "Thiếu «{column}»: ghi mã 5 chữ số của cơ sở.",
                "“{column}” is missing: give the facility's 5 digits.",
            ),
            "inactive": Wording(
                "Cơ sở ở cột «{column}» không hoạt động vào ngày khám hoặc ngày kết thúc cách ly.",
                "The facility in “{column}” was not active on the examination day or at the end of"
                " isolation.",
            ),
        },
    ),
    Rule(
        id="V-PRACTITIONER",
        level=Level.REJECT,
        basis="TT 56/2017/TT-BYT Điều 26 (đăng ký mẫu chữ ký với cơ quan BHXH)",
        wordings={
            "": Wording(
                "Không có người hành nghề nào mang số ở cột «{column}» tại cơ sở này: hãy kiểm tra số hoặc đề"
                " nghị thêm.",
                "Nobody with the licence in “{column}” is known at this facility: check it, or ask for the"
                " person to be added.",
            ),
            "missing": Wording("Thiếu «{column}» của người khám.", "“{column}” of the examiner is missing."),
            "elsewhere": Wording(
                "Người hành nghề ở cột «{column}» không làm việc tại cơ sở này vào ngày đó (ngày khám, hoặc"
                " ngày kết thúc cách ly).",
                "The practitioner in “{column}” did not work at this facility on that day (the examination,"
                " or the end of isolation).",
            ),
            "unregistered": Wording(
                "Người hành nghề ở cột «{column}» chưa đăng ký chữ ký với cơ quan BHXH: hãy bổ sung mã số"
                " BHXH của người đó.",
                "The practitioner in “{column}” is not registered with BHXH as a signer: enter his"
                " social-insurance number.",
            ),
        },
    ),
    Rule(
        id="V-ICD10",
        level=Level.REJECT,
        basis="ICD-10 (WHO); QĐ 4469/QĐ-BYT; QĐ 98/QĐ-BYT 14/01/2022",
        wordings={
            "": Wording(
                "«{column}» không có trong danh mục ICD-10: COVID-19 ghi U07.1 hoặc U07.2.",
                "“{column}” is no ICD-10 code: COVID-19 is U07.1 or U07.2.",
            ),
            "missing": Wording(
                "Thiếu «{column}»: COVID-19 ghi U07.1 hoặc U07.2.",
                "“{column}” is missing: COVID-19 is U07.1 or U07.2.",
            ),
            "old": Wording(
                "«{column}»: mã B34.2 không dùng cho COVID-19 sau ngày 31/03/2022, hãy ghi U07.1 hoặc U07.2.",
                "“{column}”: B34.2 is not for COVID-19 after 31/03/2022; use U07.1 or U07.2.",
            ),
        },
    ),
    Rule(
        id="V-ENCODING",
        level=Level.REJECT,
        basis="TCVN 6909; Unicode UAX #15, UTS #39; NĐ 30/2020/NĐ-CP Phụ lục I (phông chữ)",
        wordings={
            "legacy": Wording(
                "«{column}» dùng bảng mã cũ (TCVN3/.VnTime hoặc VNI): hãy chuyển tệp sang bảng mã Unicode"
                " dựng sẵn rồi gửi lại.",
                "“{column}” is in an old encoding (TCVN3/.VnTime or VNI): convert the file to precomposed"
                " Unicode and send it again.",
            ),
            "twice": Wording(
                "«{column}» bị mã hóa UTF-8 hai lần (như Ã¡ thay cho á): hãy xuất lại tệp dưới dạng UTF-8 từ"
                " phần mềm gốc rồi gửi lại.",
                "“{column}” was encoded as UTF-8 twice (Ã¡ for á): export the file as UTF-8 from its own"
                " software again and send that.",
            ),
            "scripts": Wording(
                "«{column}» lẫn chữ cái Kirin hoặc Hy Lạp với chữ La-tinh, có thể trông giống hệt nhau: hãy"
                " xóa và gõ lại nội dung này.",
                "“{column}” mixes Latin letters with Cyrillic or Greek ones, which may look the same: delete"
                " it and type it anew.",
            ),
            "unprintable": Wording(
                "«{column}» có ký tự (thứ {place}) mà phông chữ của giấy không in được: hãy ghi bằng chữ cái"
                " La-tinh, hoặc bỏ ký tự đó.",
                "“{column}” has a character (number {place}) that the form's typeface cannot print: write it"
                " in Latin letters, or leave it out.",
            ),
        },
    ),
    Rule(
        id="V-BROKEN-ID",
        level=Level.REJECT,
        basis="own",
        wordings={
            "": Wording(
                "«{column}» đã bị bảng tính làm hỏng (thành ngày, giờ, số lẻ hoặc dạng 2.1E+11): hãy định"
                " dạng cột là văn bản rồi nhập lại số gốc.",
                "“{column}” was destroyed by a spreadsheet (made a date, a time, a fraction or 2.1E+11):"
                " format the column as text and enter the number again.",
            )
        },
    ),
    Rule(
        id="V-DUPLICATE",
        level=Level.REJECT,
        basis="own",
        wordings={
            "same": Wording(
                "«{column}» đã có ở một hồ sơ trước với cùng nội dung: hồ sơ trước được giữ, dòng này bị bỏ"
                " qua.",
                "“{column}” stands in an earlier record with the same content: the earlier one stands, this"
                " row is left out.",
            ),
            "other": Wording(
                "«{column}» đã có ở một hồ sơ trước với nội dung khác: hãy giữ một hồ sơ, hoặc dùng chức năng"
                " thay thế giấy đã cấp.",
                "“{column}” stands in an earlier record with other content: keep one of them, or replace the"
                " certificate already issued.",
            ),
        },
    ),
    Rule(
        id="V-ROW",
        level=Level.REJECT,
        basis="own",
        wordings={
            "": Wording(
                "Dòng này có nhiều ô hơn dòng tiêu đề nên các ô có thể bị lệch cột: hãy đặt trong dấu ngoặc"
                " kép những ô có dấu phân cách.",
                "This row has more cells than the header, so cells may stand in wrong columns: quote the"
                " cells that hold the delimiter.",
            ),
            "cut": Wording(
                "Dòng này bị cắt cụt, thiếu cả các ô nhu cầu giấy: hãy gửi lại dòng đầy đủ.",
                "This row is cut off before the columns that say which papers are wanted: send the whole row"
                " again.",
            ),
            "twice": Wording(
                "Hồ sơ này ghi một trường hai lần: hãy giữ một giá trị.",
                "This record gives the same field twice: keep one value.",
            ),
            "no_record": Wording(
                "Đây không phải một hồ sơ (đối tượng JSON với các trường và giá trị): hãy sửa rồi gửi lại.",
                "This is no record (a JSON object of fields and values): mend it and send it again.",
            ),
        },
    ),
    Rule(
        id="V-DOCUMENT",
        level=Level.REJECT,
        basis="own; CV 2076/BHXH-CNTT, QĐ 4750/QĐ-BYT",
        wordings={
            "": Wording(
                "Không đọc được chứng từ của hồ sơ này: NOIDUNGFILE phải là XML mã hóa base64, không quá 1"
                " MB; hãy xuất lại hồ sơ.",
                "The document of this dossier cannot be read: NOIDUNGFILE must be XML in base64 of 1 MB at"
                " most; export the dossier again.",
            ),
            "none": Wording(
                "Hồ sơ này không có chứng từ CT07, cũng không có XML1 và XML11: hãy kiểm tra LOAIHOSO.",
                "This dossier has no CT07, and neither XML1 nor XML11: check LOAIHOSO.",
            ),
            "unpaired": Wording(
                "Mỗi hồ sơ phải có đúng một CT07, hoặc đúng một XML11 cùng với XML1 có cùng MA_LK: hãy tách"
                " hoặc bổ sung.",
                "A dossier must hold exactly one CT07, or exactly one XML11 with the XML1 of the same MA_LK:"
                " split or complete it.",
            ),
        },
    ),
    Rule(
        id="V-TEXT",
        level=Level.REJECT,
        basis="own",
        wordings={
            "": Wording(
                "«{column}» có ký tự điều khiển hoặc ký tự đổi chiều chữ: hãy gõ lại nội dung.",
                "“{column}” has control characters or characters that turn the direction of writing: type it"
                " anew.",
            ),
            "missing": Wording("Thiếu «{column}».", "“{column}” is missing."),
            "long": Wording(
                "«{column}» quá dài: tối đa {max_chars} ký tự.",
                "“{column}” is too long: at most {max_chars} characters.",
            ),
            "error": Wording(
                "Ô «{column}» mang giá trị lỗi của bảng tính (như #N/A, #REF!): hãy sửa công thức hoặc ghi"
                " giá trị.",
                "The cell of “{column}” holds a spreadsheet error such as #N/A or #REF!: mend the formula or"
                " write the value.",
            ),
            "number": Wording(
                "«{column}» được gửi dưới dạng số nên có thể đã mất số 0 ở đầu: hãy gửi dưới dạng chuỗi"
                " ký tự.",
                "“{column}” was sent as a number, so leading zeros may be lost: send it as a string.",
            ),
            "nested": Wording(
                "«{column}» chứa danh sách hoặc đối tượng: hãy gửi một giá trị duy nhất.",
                "“{column}” holds a list or an object: send a single value.",
            ),
        },
    ),
    Rule(
        id="V-VALUE",
        level=Level.REJECT,
        basis="own",
        wordings={
            "": Wording(
                "«{column}» có giá trị không nằm trong các giá trị được phép: {allowed_vi}.",
                "“{column}” has a value other than those allowed: {allowed_en}.",
            ),
            "missing": Wording(
                "Thiếu «{column}»: chọn một trong {allowed_vi}.",
                "“{column}” is missing: give one of {allowed_en}.",
            ),
        },
    ),
)
