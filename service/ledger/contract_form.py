"""A contract as JSON: the form it is stored, printed and sent in."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from service.ledger.contract import (
    BadContract,
    Basis,
    Pool,
    Settles,
    Step,
    UnmatchedGoesTo,
)
from service.ledger.tiers import Tier, UnknownTier, parse_tier

_Choice = TypeVar("_Choice", Basis, Settles, UnmatchedGoesTo)
_FIELDS = {
    *("name", "basis", "rates", "at_least", "at_most"),
    *("settles", "parties", "fee_ppm", "unmatched"),
}


def steps_to_json(steps: Sequence[Step]) -> list[dict[str, object]]:
    """Return the steps as plain JSON values; ``steps_from_json`` reads them back equal."""
    written = []
    for step in steps:
        fields: dict[str, object] = {
            "name": step.name,
            "basis": str(step.basis),
            "rates": {str(tier): rate for tier, rate in step.rates.items()},
            "settles": str(step.settles),
            "parties": dict(step.parties),
        }
        for name, limits in (("at_least", step.at_least), ("at_most", step.at_most)):
            if limits:
                fields[name] = {str(tier): nanos for tier, nanos in limits.items()}
        if step.pool:
            fields |= {"fee_ppm": step.pool.fee_ppm, "unmatched": str(step.pool.unmatched)}
        written.append(fields)
    return written


def steps_from_json(values: object) -> tuple[Step, ...]:
    """Read steps; raise BadContract naming the step and field."""
    if not isinstance(values, list):
        raise BadContract("steps", "must be a list")
    return tuple(_step(value, f"steps[{i}]") for i, value in enumerate(values))


def _step(value: object, place: str) -> Step:
    if not isinstance(value, Mapping) or set(value) - _FIELDS or "name" not in value:
        raise BadContract(place, f"must be an object with fields of {sorted(_FIELDS)}")
    pool = None
    if "unmatched" in value and "fee_ppm" not in value:
        raise BadContract(f"{place}.unmatched", "belongs to an IP pool, which has a fee_ppm")
    if "fee_ppm" in value:
        goes_to = _choice(value.get("unmatched", "pool"), UnmatchedGoesTo, f"{place}.unmatched")
        pool = Pool(_whole(value["fee_ppm"], f"{place}.fee_ppm"), goes_to)
    return Step(
        name=str(value["name"]),
        basis=_choice(value.get("basis"), Basis, f"{place}.basis"),
        rates=_by_tier(value, "rates", place),
        settles=_choice(value.get("settles"), Settles, f"{place}.settles"),
        parties={
            name: _whole(share, f"{place}.parties.{name}")
            for name, share in _object(value.get("parties", {}), f"{place}.parties").items()
        },
        pool=pool,
        at_least=_by_tier(value, "at_least", place),
        at_most=_by_tier(value, "at_most", place),
    )


def _by_tier(step: Mapping[str, object], name: str, place: str) -> dict[Tier, int]:
    numbers: dict[Tier, int] = {}
    for tier, number in _object(step.get(name, {}), f"{place}.{name}").items():
        try:
            numbers[parse_tier(tier)] = _whole(number, f"{place}.{name}.{tier}")
        except UnknownTier as error:
            raise BadContract(f"{place}.{name}", error.sentence) from None
    return numbers


def _object(value: object, place: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise BadContract(place, "must be an object")
    return value


def _whole(value: object, place: str) -> int:
    if type(value) is not int:
        raise BadContract(place, "must be a whole number")
    return value


def _choice(value: object, choices: type[_Choice], place: str) -> _Choice:
    try:
        return choices(str(value))
    except ValueError:
        raise BadContract(place, f"must be one of {', '.join(choices)}") from None
