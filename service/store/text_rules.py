"""What text the database can keep: no NUL, no lone surrogate, a length."""

from service.ledger.errors import LedgerError


class BadText(LedgerError):
    """A text breaks a rule; ``place`` names the field."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)


def check_text(text: str, *, place: str, max_chars: int, empty: bool = False) -> str:
    """Return the text if it can be kept, else raise BadText naming the place and the rule."""
    if not empty and not text.strip():
        raise BadText(place, "must not be empty")
    if len(text) > max_chars:
        raise BadText(place, f"has {len(text)} characters, at most {max_chars} are taken")
    if "\0" in text:
        raise BadText(place, f"has a NUL character at position {text.index(chr(0))}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadText(place, f"has a lone surrogate at position {error.start}") from None
    return text
