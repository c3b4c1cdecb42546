"""One item of a report while it is read, with the faults found in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.ledger.sale_report import FieldError
from service.store.text_rules import BadText, check_text


@dataclass(frozen=True, slots=True)
class SaleItem:
    """An item being read, with what was found wrong with it so far.

    names, within: what fields are called in the item, as ``Said`` has it.
    """

    value: Mapping[str, object]
    place: str
    names: Mapping[str, str] = field(default_factory=dict)
    within: str = ""
    errors: list[FieldError] = field(default_factory=list)

    def given(self, name: str) -> object:
        """Return a field, None where it is absent or null."""
        return self.value.get(name)

    def wrong(self, name: str, rule: str) -> None:
        """Note a fault of a field."""
        told_as = self.names.get(name, f"{self.within}{name}")
        self.errors.append(FieldError(f"{self.place}.{told_as}", rule))

    def text(self, name: str, *, max_chars: int) -> str | None:
        """Return a field that is a text, None where it is absent or wrong."""
        given = self.given(name)
        if given is None:
            return None
        if not isinstance(given, str):
            self.wrong(name, "must be a string")
            return None
        try:
            return check_text(given, place=name, max_chars=max_chars)
        except BadText as error:
            self.wrong(name, str(error.facts["rule"]))
            return None
