"""The formats of files that we read; those that we only recognise are in `foreign`."""

from enum import StrEnum


class FileFormat(StrEnum):
    """A format that we read, as a batch stores it."""

    XLSX = "xlsx"
    ODS = "ods"
    DOSSIERS = "xml"
    ZIPPED_DOSSIERS = "xml.zip"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


EXCHANGE_FORMATS = (FileFormat.DOSSIERS, FileFormat.ZIPPED_DOSSIERS)
