"""Which report of a vendor's stream a request is, as its headers say."""

from typing import Annotated

from fastapi import Depends, Header

from service.ledger.errors import LedgerError
from service.store.report_receipts import Delivery

STREAM, SEQUENCE, RECEIPT = "Wellspring-Stream", "Wellspring-Sequence", "Wellspring-Receipt"
MOST_SEQUENCE = 2**62


class DeliveryIncomplete(LedgerError):
    """A stream was named without a number, or a number without its stream."""

    def __init__(self) -> None:
        rule = f"send {STREAM} and {SEQUENCE} together, or neither"
        super().__init__(rule, place=SEQUENCE, rule=rule)


def delivery_of(
    stream: Annotated[
        str,
        Header(
            alias=STREAM,
            max_length=100,
            pattern=r"^[A-Za-z0-9._:-]*$",
            description="Your name of a stream of reports, such as one process.",
        ),
    ] = "",
    sequence: Annotated[
        int,
        Header(
            alias=SEQUENCE,
            ge=0,
            le=MOST_SEQUENCE,
            description="Number of this report in its stream, from 1 on: missing ones are listed.",
        ),
    ] = 0,
) -> Delivery | None:
    """Return the place of a report in its stream, None where it has none."""
    if bool(stream) != bool(sequence):
        raise DeliveryIncomplete
    return Delivery(stream, sequence) if stream else None


ReportDelivery = Annotated[Delivery | None, Depends(delivery_of)]
