"""Hand-made exchange files for tests, as hospitals' programs write them and our own does not."""

import base64
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from certsvc.records.sheets.tables import SheetRow, open_table

Tags = Mapping[str, str]


def document(root: str, tags: Tags) -> bytes:
    fields = "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in tags.items())
    return f"<{root}>{fields}</{root}>".encode()


def file_of(kind: str, content: bytes) -> str:
    packed = base64.encodebytes(content).decode()
    return f"<FILEHOSO>\n<LOAIHOSO>{kind}</LOAIHOSO><NOIDUNGFILE>\n{packed}</NOIDUNGFILE></FILEHOSO>"


def hschungtu(*dossiers: str, facility: str = "01801", root: str = "HSCHUNGTU") -> bytes:
    inside = "".join(f"<HOSO>{dossier}</HOSO>\n" for dossier in dossiers)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<{root}>'
        f"<THONGTINDONVI><CHUKYDONVI/><MACSKCB>{facility}</MACSKCB></THONGTINDONVI>"
        f"<THONGTINHOSO><NGAYLAP>20220301</NGAYLAP><SOLUONGHOSO>{len(dossiers)}</SOLUONGHOSO><DANHSACHHOSO>{inside}</DANHSACHHOSO></THONGTINHOSO></{root}>"
    ).encode()


def ct07(tags: Tags) -> str:
    return file_of("CT07", document("CT07", tags))


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tags_of(record: Mapping[str, str], **changes: str) -> dict[str, str]:
    """A CT07 of 2022 from a row of a case file, as typed at the station."""
    return {
        "MA_CT": record["case_id"],
        "SO_SERI": "",
        "SO_KCB": record["visit_no"],
        "MA_BHXH": record["social_insurance_no"],
        "MA_THE": record["health_insurance_card"],
        "HO_TEN": record["full_name"],
        "NGAY_SINH": record["birth_date"].replace("-", ""),
        "GIOI_TINH": record["sex"],
        "DON_VI": record["employer"],
        "CHANDOAN_DIEUTRI": f"{record['diagnosis']}\n{record['treatment']}",
        "TU_NGAY": record["isolation_from"].replace("-", ""),
        "DEN_NGAY": record["isolation_to"].replace("-", ""),
        "HO_TEN_CHA": record["father_name"],
        "HO_TEN_ME": record["mother_name"],
        "THU_TRUONG_DV": "",
        "MA_CCHN": record["practitioner_licence"],
        "TEN_NGUOI_HANH_NGHE": "",
        "NGAY_CHUNG_TU": record["examined_on"].replace("-", ""),
        "TEKT": "0",
        "MAU_SO": "CT07",
    } | changes


def read(
    data: bytes, tmp_path: Path, *, max_rows: int = 1000, max_unpacked_bytes: int = 1 << 30
) -> list[SheetRow]:
    path = tmp_path / "a file"
    path.write_bytes(data)
    with open_table(path, max_rows=max_rows, max_unpacked_bytes=max_unpacked_bytes) as table:
        return list(table)
