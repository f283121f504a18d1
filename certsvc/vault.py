"""What hangs on the service's one secret: look-up codes, blind indexes, record encryption, file keys, grants.

Invariants:
- Codes and tokens are derived from the certificate's random id (HMAC-SHA-256 as a PRF), never
  stored; the database holds keyed digests of them, so a stolen database opens no look-up
  (`docs/decisions/0005-derived-codes.md`).
- Records are encrypted with AES-256-GCM; table, column and row are bound as associated data, so a
  ciphertext moved to another row does not open.
- A published file has a random data key of its own (`archive.py`), kept wrapped with AES-256-GCM and bound to
  its
  certificate's id; destroying it erases the file.
- Places in status lists come from a keyed permutation, so that neighbours in time are not neighbours in a
  list.
- Every use has a key of its own: HKDF-SHA-256 (RFC 5869) with the use as `info`.
"""

import hashlib
import hmac
import json
import os
import struct
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadSignature, URLSafeTimedSerializer

from certsvc.codes import encode_code, encode_token
from certsvc.config import MIN_SECRET
from certsvc.errors import Broken
from certsvc.records import Case, CaseKey, Patient, Person
from certsvc.states import MARK_CHARS

GRANT_LIFETIME_S = 15 * 60
JOURNEY_LIFETIME_S = 10 * 60
_NONCE_BYTES = 12
_HALF, _ROUNDS = 2**10, 4


class Vault:
    """Derives and opens; holds no state but its keys. `secret` is at least 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < MIN_SECRET:
            raise Broken(
                "weak_secret",
                "Khoá bí mật của dịch vụ quá ngắn.",
                "The service's secret is shorter than 32 bytes.",
            )
        self._codes = _subkey(secret, "codes")
        self._index = _subkey(secret, "index")
        self._places = _subkey(secret, "places")
        self._people = _subkey(secret, "people")
        self._records = AESGCM(_subkey(secret, "records"))
        self._files = AESGCM(_subkey(secret, "files"))
        self._journeys = URLSafeTimedSerializer(
            _subkey(secret, "journeys"), signer_kwargs={"digest_method": hashlib.sha256}
        )
        self._grants = URLSafeTimedSerializer(
            _subkey(secret, "grants"), signer_kwargs={"digest_method": hashlib.sha256}
        )

    def code(self, certificate_id: uuid.UUID) -> str:
        """The 16-character look-up code shown to people: 80 bits, Crockford base32."""
        return encode_code(_mac(self._codes, b"code", certificate_id.bytes)[:10])

    def token(self, certificate_id: uuid.UUID) -> str:
        """The 26-character token of the QR: 128 bits, Crockford base32."""
        return encode_token(_mac(self._codes, b"token", certificate_id.bytes)[:16])

    def index(self, code: str) -> str:
        """The keyed digest (hex) under which the database knows a normalised code or token."""
        return _mac(self._index, code.encode()).hex()

    def mark(self, mark: str) -> str:
        """The blind index (hex, 128 bits) of what tells people apart: a number, a name, a visit."""
        return _mac(self._people, mark.encode()).hex()[:MARK_CHARS]

    def status_place(self, number: int, list_number: int) -> int:
        """The index in a status list of the `number`-th place given in it; every index of the list comes from
        one number.

        A permutation of 20 bits: four Feistel rounds over halves of 10 [Luby and Rackoff 1988], HMAC-SHA-256
        as the round function.
        """
        left, right = divmod(number, _HALF)
        for turn in range(_ROUNDS):
            digest = hmac.digest(self._places, struct.pack(">IBH", list_number, turn, right), "sha256")
            left, right = right, left ^ int.from_bytes(digest[:2]) % _HALF
        return left * _HALF + right

    def decoy(self, number: int, list_number: int) -> int:
        """The made-up state, 1 to 3, of a place that no certificate gets."""
        return 1 + _mac(self._places, b"decoy", struct.pack(">II", list_number, number))[0] % 3

    def seal_record(self, certificate_id: uuid.UUID, plaintext: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._records.encrypt(nonce, plaintext, _record_place(certificate_id))

    def open_record(self, certificate_id: uuid.UUID, sealed: bytes) -> bytes:
        """The plaintext. Raises Broken where secret, row or bytes do not belong together."""
        return self._open(sealed, _record_place(certificate_id))

    def _open(self, sealed: bytes, place: bytes) -> bytes:
        try:
            return self._records.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
        except InvalidTag as error:
            raise Broken(
                "record_unreadable",
                "Không mở được hồ sơ đã lưu.",
                "A stored record does not open with this secret.",
            ) from error

    def seal_answer(self, place: str, body: bytes) -> bytes:
        """A stored answer's body, for it may hold look-up codes; `place` names its row."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._records.encrypt(nonce, body, f"stored_answers.body:{place}".encode())

    def open_answer(self, place: str, sealed: bytes) -> bytes:
        """What `seal_answer` sealed. Raises Broken as `open_record` does."""
        return self._open(sealed, f"stored_answers.body:{place}".encode())

    def seal_secret(self, place: str, secret: bytes) -> bytes:
        """A secret that we have to know again, like that of an authenticator; `place` names its table, column
        and row.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._records.encrypt(nonce, secret, place.encode())

    def open_secret(self, place: str, sealed: bytes) -> bytes:
        """What `seal_secret` sealed. Raises Broken as `open_record` does."""
        return self._open(sealed, place.encode())

    def seal_case(self, certificate_id: uuid.UUID, case: Case) -> bytes:
        """A case as its certificate's row keeps it."""
        return self.seal_record(certificate_id, json.dumps(case.to_json(), ensure_ascii=False).encode())

    def open_case(self, certificate_id: uuid.UUID, sealed: bytes) -> Case:
        """The case a certificate is about. Raises Broken as `open_record` does."""
        return Case.from_json(json.loads(self.open_record(certificate_id, sealed)))

    def open_patient(self, certificate_id: uuid.UUID, sealed: bytes) -> Patient:
        """Whom a certificate is about, as people are compared."""
        return Patient.from_json(json.loads(self.open_record(certificate_id, sealed)))

    def seal_patient(self, case_key: CaseKey, patient: Patient) -> bytes:
        """Whom an open illness is about, as its row keeps it."""
        return self.seal_secret(
            _illness_place(case_key), json.dumps(patient.to_json(), ensure_ascii=False).encode()
        )

    def open_ill_patient(self, case_key: CaseKey, sealed: bytes) -> Patient:
        """What `seal_patient` sealed. Raises Broken as `open_record` does."""
        return Patient.from_json(json.loads(self.open_secret(_illness_place(case_key), sealed)))

    def open_person(self, certificate_id: uuid.UUID, sealed: bytes) -> Person:
        """Whom a certificate is about, which is all that strangers' answers hang on."""
        return Person.from_json(json.loads(self.open_record(certificate_id, sealed)))

    def wrap_key(self, certificate_id: uuid.UUID, key: bytes) -> bytes:
        """A file's data key as its certificate's row in the digest register keeps it."""
        return self._wrap(key, _key_place(certificate_id))

    def unwrap_key(self, certificate_id: uuid.UUID, wrapped: bytes) -> bytes:
        """The data key. Raises Broken `file_key_unreadable` where secret, row or bytes do not belong
        together.
        """
        return self._unwrap(wrapped, _key_place(certificate_id))

    def wrap_batch_key(self, batch_id: uuid.UUID, key: bytes) -> bytes:
        """The data key of a file that was sent in, as its batch's row keeps it."""
        return self._wrap(key, _batch_key_place(batch_id))

    def unwrap_batch_key(self, batch_id: uuid.UUID, wrapped: bytes) -> bytes:
        """The data key. Raises Broken as `unwrap_key` does."""
        return self._unwrap(wrapped, _batch_key_place(batch_id))

    def _wrap(self, key: bytes, place: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._files.encrypt(nonce, key, place)

    def _unwrap(self, wrapped: bytes, place: bytes) -> bytes:
        try:
            return self._files.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError) as error:
            raise Broken(
                "file_key_unreadable",
                "Không mở được khoá của tệp đã lưu.",
                "The key of a stored file does not open with this secret.",
            ) from error

    def seal_journey(self, facts: dict[str, str]) -> str:
        """What a browser keeps for us while it is at the OpenID provider: nobody else can have made it."""
        return self._journeys.dumps(facts)

    def open_journey(self, sealed: str) -> dict[str, str] | None:
        """What `seal_journey` sealed within the last ten minutes, else None."""
        try:
            facts = self._journeys.loads(sealed, max_age=JOURNEY_LIFETIME_S)
        except BadSignature:
            return None
        return facts if isinstance(facts, dict) else None

    def grant(self, certificate_id: uuid.UUID) -> str:
        """A right to download one PDF for a quarter of an hour, given after the second factor."""
        return self._grants.dumps(certificate_id.hex)

    def allows(self, grant: str, certificate_id: uuid.UUID) -> bool:
        try:
            granted = self._grants.loads(grant, max_age=GRANT_LIFETIME_S)
        except BadSignature:
            return False
        return isinstance(granted, str) and hmac.compare_digest(granted, certificate_id.hex)


def new_data_key() -> bytes:
    """A random key for one published file: AES-256."""
    return os.urandom(32)


def _subkey(secret: bytes, use: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"certsvc {use} v1".encode()).derive(secret)


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"\x00".join(parts), "sha256")


def _record_place(certificate_id: uuid.UUID) -> bytes:
    return b"certificates.record:" + certificate_id.bytes


def _illness_place(case_key: CaseKey) -> str:
    return f"episodes.patient:{'/'.join(case_key)}"


def _key_place(certificate_id: uuid.UUID) -> bytes:
    return b"published_files.data_key:" + certificate_id.bytes


def _batch_key_place(batch_id: uuid.UUID) -> bytes:
    return b"batches.file_key:" + batch_id.bytes
