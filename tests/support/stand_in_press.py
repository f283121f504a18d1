"""A press that signs nothing: files of the right form (base, stock, piece), for tests of its surroundings."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from certsvc.errors import CertsvcError
from certsvc.files.pieces import seal_piece
from certsvc.issuing.press.orders import Chunk, Made, Order, Pressed, Unmade
from certsvc.vault import new_data_key


@dataclass
class StandInPress:
    """`refuse` says why an order is refused, `is_slow` which share no layers; `chunks` are those so far."""

    refuse: Callable[[Order], CertsvcError | None] = lambda _: None
    is_slow: Callable[[Order], bool] = lambda _: False
    chunks: list[Chunk] = field(default_factory=list)

    async def __call__(self, chunk: Chunk) -> Pressed:
        self.chunks.append(chunk)
        made: list[Made] = []
        unmade: list[Unmade] = []
        layers: dict[str, bytes] = {}
        for order in chunk.orders:
            if error := self.refuse(order):
                unmade.append(Unmade(order.certificate_id, error))
            else:
                made.append(self._make(order, layers))
        return Pressed(tuple(made), tuple(unmade), layers)

    def _make(self, order: Order, layers: dict[str, bytes]) -> Made:
        base, stock, own = (
            f"%PDF base of {order.design_id}\n".encode() * 50,
            f"stock of {order.facts.facility_name}\n".encode() * 20,
            _own(order),
        )
        data_key = new_data_key()
        is_slow = self.is_slow(order)
        whole = base + stock + own
        names = [hashlib.sha256(layer).hexdigest() for layer in (base, stock)]
        if not is_slow:
            layers |= zip(names, (base, stock), strict=True)
        return Made(
            certificate_id=order.certificate_id,
            piece=seal_piece(whole if is_slow else own, data_key),
            data_key=data_key,
            base=None if is_slow else names[0],
            stock=None if is_slow else names[1],
            sha256=hashlib.sha256(whole).hexdigest(),
            size=len(whole),
            level="B-LT",
            signed_at=dt.datetime.now(dt.UTC),
            warnings=(),
            is_fast=not is_slow,
        )


def _own(order: Order) -> bytes:
    """As large as three signatures; no two are equal, for a repeated order has another time."""
    signed = f"{order.certificate_id} {order.facts.serial} {dt.datetime.now(dt.UTC)}".encode()
    return (
        b"".join(hashlib.shake_256(signed + bytes([slot])).hexdigest(2500).encode() for slot in range(3))
        + b"\n%%EOF\n"
    )
