"""Room for what strangers upload, bounded for each network and in all.

A form's files are spooled to disk as they arrive. Without a key anybody may send them, so what is under way
without a key is counted here until it has been answered.
"""

from collections import Counter

from certsvc.errors import TooMany


class Spool:
    """`each` bytes from one network at a time, and `total` from all."""

    def __init__(self, *, each: int, total: int) -> None:
        self._each, self._total = each, total
        self._held: Counter[str] = Counter()

    @property
    def held(self) -> int:
        return self._held.total()

    def take(self, network: str, count: int) -> None:
        """Raises TooMany `uploads_busy` where there is no room for that many more bytes."""
        if self._held[network] + count > self._each or self.held + count > self._total:
            raise TooMany(
                "uploads_busy",
                "Đang có nhiều tệp được gửi lên từ mạng này hoặc nơi khác. Hãy thử lại sau ít phút.",
                "Many files are being uploaded from this network or others. Try again in a few minutes.",
                retry_after_s=10,
            )
        self._held[network] += count

    def give_back(self, network: str, count: int) -> None:
        self._held[network] -= count
        if not self._held[network]:
            del self._held[network]
