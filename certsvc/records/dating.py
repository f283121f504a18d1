"""Which date a paper bears: one rule for what its QR claims and for what checks say of it; `templates.values`
prints it.
"""

import datetime as dt

from certsvc.records.case import Case, Person
from certsvc.states import Kind


def bears_day_of_signing(kind: Kind, *, is_reissue: bool) -> bool:
    """Whether a paper is dated as it is signed: recoveries and re-issues are [sick-leave, Issued again; NĐ
    30/2020/NĐ-CP Annex I].
    """
    return kind is Kind.RECOVERY or is_reissue


def date_on_paper(kind: Kind, about: Person | Case, *, is_reissue: bool, signed_on: dt.date) -> dt.date:
    """The date on the paper of a certificate signed on a day in Hanoi.

    Any other sick leave bears its case's, however late it is signed: the examination, or the last day of the
    visit [sick-leave, The date on the paper]. Raises ValueError for a case without an examination day, which
    no rule lets through.
    """
    if bears_day_of_signing(kind, is_reissue=is_reissue):
        return signed_on
    if about.dated_on is None:
        raise ValueError("a case without examination day has no sick leave")
    return about.dated_on
