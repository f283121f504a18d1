"""Stocks: bases on which what is the same for all certificates of the same signers is laid once, and kept."""

import datetime as dt
import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from certsvc.config import Profile
from certsvc.issuing.press.orders import Order, Setup
from certsvc.signing.keyring import Keyring
from certsvc.signing.revocation import RevocationSource
from certsvc.signing.stock import Signing, Stock, lay_stock
from certsvc.signing.tsa import TimeStamper
from certsvc.templates.filling import Filled
from certsvc.templates.marks import Mark, picture

_KEPT = 128
_ANSWERS_ASKED_AGAIN_S = 3600


@dataclass(frozen=True, slots=True)
class Laid:
    """A stock, with the names of its two layers; None if the base is one certificate's alone."""

    stock: Stock
    layers: tuple[str, str] | None


class Stocks:
    """The stocks of one press, the latest used at the end."""

    def __init__(
        self, setup: Setup, *, keyring: Keyring, time_stamper: TimeStamper, revocation: RevocationSource
    ) -> None:
        self._setup, self._keyring = setup, keyring
        self._time_stamper, self._revocation = time_stamper, revocation
        self._kept: OrderedDict[tuple[object, ...], Laid] = OrderedDict()

    async def get(self, filled: Filled, order: Order, *, now: dt.datetime) -> Laid:
        """The stock of these signers on this base. It is kept, unless the base is this certificate's alone.

        Revocation data are asked for again every hour; the source itself knows when to renew them.
        """
        hour = int(now.timestamp() // _ANSWERS_ASKED_AGAIN_S)
        # The kept stock holds the blank, so its id is not given again.
        key = (id(filled.blank), order.signatories, order.facts.facility_name, hour)
        if key not in self._kept:
            laid = await self._lay(filled, order)
            if not filled.is_fast:
                return laid
            self._kept[key] = laid
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    async def _lay(self, filled: Filled, order: Order) -> Laid:
        fields = {field.name: field for field in filled.blank.fields}
        signings = []
        for signatory in order.signatories:
            identity = self._keyring.identity(
                signatory.source, facility_code=signatory.facility_code, licence=signatory.licence
            )
            field = fields[signatory.slot]
            mark = Mark(
                signatory.slot,
                field.width,
                field.height,
                signatory.name,
                order.facts.facility_name,
                development=not self._setup.is_production,
            )
            signings.append(Signing(signatory.slot, identity, picture(mark)))
        answers = None
        if self._setup.profile is Profile.B_LT:
            signers = [signing.identity.certificate for signing in signings]
            answers = await self._revocation.gather([*signers, self._time_stamper.certificates[0]])
        stock = lay_stock(filled.blank, signings=signings, answers=answers)
        return Laid(stock, (_digest(stock.blank.pdf), _digest(stock.revision)) if filled.is_fast else None)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
