"""Who is paid in a holder's place: parts assigned away, parties merged, estates of the dead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.ledger.allocation import allocate, tie_of
from service.ledger.errors import LedgerError
from service.ledger.money import PPM, minor_unit_nanos

OWN = 0
"""Number of the part that is the holder's own, or of whoever stands in its place."""


class AssignmentKind(StrEnum):
    """Why somebody else is paid."""

    ASSIGNED = "assigned"
    MERGED = "merged"
    ESTATE = "estate"


class BadAssignment(LedgerError):
    """A payee cannot take a holder's place like this."""

    def __init__(self, holder_id: int, payee_id: int, rule: str) -> None:
        super().__init__(
            f"holder {holder_id} cannot be paid through {payee_id}: {rule}",
            holder_id=holder_id,
            payee_id=payee_id,
            rule=rule,
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    """From a day on, a part of what a holder is paid goes to another payee.

    Merged and estate take the whole of what is the holder's own, whatever else was assigned.
    """

    assignment_id: int
    holder_id: int
    payee_id: int
    kind: AssignmentKind
    ppm: int
    from_on: date
    ended_on: date | None = None

    def valid(self, day: date) -> bool:
        """Whether it counts on a day; the day it ends it does not count any more."""
        return self.from_on <= day and (self.ended_on is None or day < self.ended_on)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what a holder is paid: ``number`` is 0 or that of its assignment."""

    number: int
    payee_id: int
    ppm: int


def parts_of(
    holder_id: int, assignments: Sequence[Assignment], *, issued_on: date, day: date
) -> list[Part]:
    """Return who is paid which part of a statement that was issued on a day, its own part first.

    Assignments count by the day of issue, so that the parts of a statement never change; who stands
    in the place of a merged or dead payee is asked on the day of payment.
    """
    given = [
        one
        for one in assignments
        if one.holder_id == holder_id
        and one.kind is AssignmentKind.ASSIGNED
        and one.valid(issued_on)
    ]
    in_place = _successors(assignments, day)
    parts = [Part(one.assignment_id, _last(one.payee_id, in_place), one.ppm) for one in given]
    own = PPM - sum(part.ppm for part in parts)
    assert own >= 0, "more than all was assigned away"
    return ([Part(OWN, _last(holder_id, in_place), own)] if own else []) + parts


def divided(parts: Iterable[Part], nanos: int, *, currency: str, number: str) -> dict[int, int]:
    """Divide what a statement states among parts in whole minor units; by number of the part."""
    unit = minor_unit_nanos(currency)
    assert nanos % unit == 0, "what is payable is whole minor units"
    weights = {f"part:{part.number}": part.ppm for part in parts}
    shares = allocate(nanos // unit, weights, tie=tie_of(number))
    return {int(name.removeprefix("part:")): units * unit for name, units in shares.items()}


def check_new(new: Assignment, assignments: Sequence[Assignment], *, today: date) -> None:
    """Raise BadAssignment for one that begins in the past, is too much, or goes in a circle."""

    def refuse(rule: str) -> BadAssignment:
        return BadAssignment(new.holder_id, new.payee_id, rule)

    if new.payee_id == new.holder_id:
        raise refuse("nobody takes its own place")
    if not 0 < new.ppm <= PPM:
        raise refuse(f"{new.ppm} ppm is not between 1 and 1,000,000")
    if new.kind is AssignmentKind.ASSIGNED and new.from_on <= today:
        raise refuse(f"it begins {new.from_on}, which is not after today: statements are out")
    own = [one for one in assignments if one.holder_id == new.holder_id and _open(one, new)]
    if new.kind is AssignmentKind.ASSIGNED:
        given = sum(one.ppm for one in own if one.kind is AssignmentKind.ASSIGNED)
        if given + new.ppm > PPM:
            raise refuse(f"{given} ppm are assigned already")
    elif any(one.kind is not AssignmentKind.ASSIGNED for one in own):
        raise refuse("somebody stands in its place already")
    reached, at = {new.holder_id}, new.payee_id
    in_place = _successors(assignments, max(new.from_on, today))
    while at in in_place:
        at = in_place[at]
        if at in reached:
            raise refuse("the payee itself is paid through the holder")
        reached.add(at)


def _open(one: Assignment, new: Assignment) -> bool:
    return one.ended_on is None or one.ended_on > new.from_on


def _successors(assignments: Sequence[Assignment], day: date) -> dict[int, int]:
    kinds = {AssignmentKind.MERGED, AssignmentKind.ESTATE}
    return {o.holder_id: o.payee_id for o in assignments if o.kind in kinds and o.valid(day)}


def _last(payee_id: int, in_place: Mapping[int, int]) -> int:
    while payee_id in in_place:
        payee_id = in_place[payee_id]
    return payee_id
