"""Cases that all carry the same second factor, so that whoever holds a code can open it."""

from tests.support.records import record

FACTOR = {"birth_date": "1988-09-05", "id_last4": "7777"}


def fuzzed_record(number: int) -> dict[str, str]:
    return record(
        number,
        birth_date=FACTOR["birth_date"],
        citizen_id=f"{number % 1000:03d}188{number // 1000 % 100:02d}{FACTOR['id_last4']}",
    )
