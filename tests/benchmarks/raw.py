"""The yardstick: bare signatures over SHA-256 digests by OpenSSL, one key operation each."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from tests.benchmarks.measuring import Work

_COUNT = 50


def raw_signatures(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, pss: bool = False) -> Work:
    """RSA PKCS#1 v1.5 unless `pss`, ECDSA with a key on a curve."""
    sha256 = Prehashed(hashes.SHA256())
    scheme = (
        padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size) if pss else padding.PKCS1v15()
    )
    digests = [count.to_bytes(32) for count in range(_COUNT)]

    def work() -> int:
        for digest in digests:
            if isinstance(key, rsa.RSAPrivateKey):
                key.sign(digest, scheme, sha256)
            else:
                key.sign(digest, ec.ECDSA(sha256))
        return _COUNT

    return work
