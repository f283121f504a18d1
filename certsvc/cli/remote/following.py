"""A batch followed over the API, as other programs follow it."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx2
import typer

from certsvc.cli.ending import CANNOT_NOW, SAYS_NO, complain
from certsvc.client import InvalidRequest, ServiceError
from certsvc.client.batches import follow_batch
from certsvc.client.wires import SyncWire, each_of

_NO = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


def states(client: httpx2.Client, batch_id: str) -> Iterator[dict[str, Any]]:
    """The batch whenever it has changed, and at its end; a failure that lasts a minute is reported and ends
    the command.
    """
    try:
        for state in each_of(follow_batch(SyncWire(client, retries=0), batch_id)):
            yield state.model_dump(mode="json")
    except ServiceError as failure:
        complain(failure.message_vi, failure.message_en)
        raise typer.Exit(
            SAYS_NO if isinstance(failure, InvalidRequest) or failure.status in _NO else CANNOT_NOW
        ) from failure
