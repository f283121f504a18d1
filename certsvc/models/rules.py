"""Dated rows of the rules that an operator entered."""

import datetime as dt
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from certsvc.models.base import Entity


class RuleRow(Entity):
    """One row, as `records.rulebook` writes it in JSON. It is never changed, only withdrawn: certificates
    cite it by its id.
    """

    __tablename__ = "rule_rows"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    table_name: Mapped[str] = mapped_column(String(32))
    row: Mapped[dict[str, Any]]
    added_at: Mapped[dt.datetime]
    added_by: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[dt.datetime | None]
