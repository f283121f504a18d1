"""Why a certificate is changed, as a form says it."""

from certsvc.api.schemas import Withdrawal
from certsvc.api.v1.certificates import explained
from certsvc.api.words.console import CHANGES
from certsvc.errors import InputError
from certsvc.issuing.withdrawing.changes import Change
from certsvc.models import WithdrawalReason


def read_reason(change: Change, reason: str, text: str) -> Withdrawal:
    """Raises InputError `reason_needed`, `text_needed`."""
    if reason not in CHANGES[change].reasons:
        raise InputError(
            "reason_needed", "Hãy chọn một lý do trong danh sách.", "Choose a reason from the list."
        )
    given = Withdrawal(reason=WithdrawalReason(reason), text=text.strip() or None)
    explained(given)
    return given
