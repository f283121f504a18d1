"""Who signs: a person by licence, or a facility; with certificate, chain and key."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from certsvc.errors import Broken
from certsvc.signing.signers import LocalSigner, Scheme, Signer, scheme_for, unfit_key, unreadable_key
from certsvc.states import Slot

DEV_ONLY = "DEV ONLY"
"""Part of every development certificate's subject; production refuses it."""

_MIN_RSA_BITS = 2048


@dataclass(frozen=True, eq=False)
class Identity:
    """A signer of one facility; without a `licence` it is the organisation itself.

    `chain` holds the issuers, nearest first, with or without the root.
    """

    facility_code: str
    licence: str | None
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    signer: Signer

    @property
    def is_person(self) -> bool:
        return self.licence is not None

    @cached_property
    def name(self) -> str:
        """The holder as the certificate names it: common name, else organisation."""
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
            for attribute in self.certificate.subject.get_attributes_for_oid(oid):
                return str(attribute.value)
        return self.certificate.subject.rfc4514_string()

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the certificate's DER, in hexadecimal, which checkers pin."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @cached_property
    def public_key(self) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
        """Raises Broken `unfit_key` for a type of key that we do not sign with."""
        key = self.certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise unfit_key("loại khóa không được hỗ trợ", "type of key not supported")
        return key

    @cached_property
    def is_dev_only(self) -> bool:
        return any(
            DEV_ONLY in str(attribute.value)
            for cert in (self.certificate, *self.chain)
            for attribute in cert.subject
        )

    def fits(self, slot: Slot) -> bool:
        """The organisation signs in its own slot, persons in all others [signers, Slots]."""
        return self.is_person is (slot is not Slot.ORGANISATION)

    def check_fit(self, now: dt.datetime, *, production: bool) -> None:
        """Raise Broken `unfit_key` unless this identity may sign at `now` (aware).

        Sources: TT 15/2025 (RSA ≥ 2048, ECDSA ≥ 256, no SHA-1), RFC 5280 clause 4.2.1.3. Revocation is not
        checked here: that is up to the revocation source.
        """
        if production and self.is_dev_only:
            raise unfit_key(
                "chứng thư chỉ dành cho phát triển (DEV ONLY)", "development certificate (DEV ONLY)"
            )
        for cert in (self.certificate, *self.chain):
            if now < cert.not_valid_before_utc:
                raise unfit_key("chứng thư chưa có hiệu lực", "certificate not yet valid")
            if now > cert.not_valid_after_utc:
                raise unfit_key("chứng thư đã hết hạn", "certificate expired")
        self._check_algorithms()
        self._check_usage()

    def _check_algorithms(self) -> None:
        match self.public_key:
            case rsa.RSAPublicKey() as key if key.key_size < _MIN_RSA_BITS:
                raise unfit_key("khóa RSA ngắn hơn 2048 bit", "RSA key shorter than 2048 bits")
            case ec.EllipticCurvePublicKey(curve=curve) if not isinstance(curve, ec.SECP256R1):
                raise unfit_key("đường cong không phải P-256", "curve other than P-256")
        if isinstance(self.certificate.signature_hash_algorithm, hashes.SHA1 | hashes.MD5):
            vi = "chứng thư được ký bằng thuật toán băm đã lỗi thời"
            raise unfit_key(vi, "certificate signed with an outdated digest")
        is_pss = self.signer.scheme is Scheme.RSA_PSS
        if self.signer.scheme is not scheme_for(self.public_key, prefer_pss=is_pss):
            raise unfit_key("thuật toán ký không hợp với khóa", "signature scheme does not match the key")

    def _check_usage(self) -> None:
        try:
            usage = self.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        except x509.ExtensionNotFound as error:
            vi = "chứng thư không nêu mục đích sử dụng khóa"
            raise unfit_key(vi, "certificate states no key usage") from error
        if not (usage.digital_signature or usage.content_commitment):
            raise unfit_key("chứng thư không dùng để ký", "certificate not meant for signing")


def load_pkcs12(
    data: bytes,
    *,
    facility_code: str,
    licence: str | None = None,
    passphrase: bytes | None = None,
    prefer_pss: bool = False,
) -> Identity:
    """The identity in a PKCS#12 file's bytes [RFC 7292], with its key in memory.

    Raises Broken: `unreadable_key` (not PKCS#12, wrong passphrase, key or certificate missing), `unfit_key`
    (neither RSA nor ECDSA).
    """
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(data, passphrase)
    except ValueError as error:
        raise _unreadable("not PKCS#12, or wrong passphrase") from error
    if key is None or certificate is None:
        raise _unreadable("key or certificate missing")
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise unfit_key("loại khóa không được hỗ trợ", "type of key not supported")
    return Identity(
        facility_code=facility_code,
        licence=licence,
        certificate=certificate,
        chain=_ordered(certificate, others),
        signer=LocalSigner(key, scheme=scheme_for(key, prefer_pss=prefer_pss)),
    )


def _ordered(certificate: x509.Certificate, others: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Those of `others` that lead from the certificate to a root, nearest issuer first."""
    chain: list[x509.Certificate] = []
    below = certificate
    while below.issuer != below.subject:
        issuer = next((cert for cert in others if cert.subject == below.issuer and cert not in chain), None)
        if issuer is None:
            break
        chain.append(issuer)
        below = issuer
    return tuple(chain)


def _unreadable(why_en: str) -> Broken:
    return unreadable_key("tệp khóa ký (PKCS#12)", f"the signing key (PKCS#12): {why_en}")
