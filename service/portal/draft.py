"""What somebody typed to register a work: read, checked, kept while it is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from service.documents.figures import percent_of
from service.ledger.errors import LedgerError
from service.ledger.money import PPM
from service.ledger.rights import HolderTwice
from service.store.name_folding import folded_name, folded_title
from service.store.text_rules import BadText, check_text
from service.store.works import MAX_TEXT_BYTES, MAX_TITLE_CHARS, NewWork

_PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,4}))?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
MOST_ROWS = 20


class BadPercent(LedgerError):
    """Text is no percentage."""

    def __init__(self, text: str) -> None:
        rule = f"{text[:20]!r} is no percentage: write 60 or 33.3333, at most four decimals"
        super().__init__(rule, place="holders", rule=rule)


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields as typed. ``others``: name and percentage of each further holder."""

    title: str = ""
    language: str = "en"
    text: str = ""
    own_share: str = "100"
    others: Sequence[tuple[str, str]] = ()

    def faults(self) -> list[LedgerError]:
        """Return everything that can be seen to be wrong without asking the database."""
        checks = (
            lambda: check_text(self.title, place="title", max_chars=MAX_TITLE_CHARS),
            self.new_work,
            lambda: check_text(self.text, place="text", max_chars=MAX_TEXT_BYTES),
            self._check_shares,
            self._check_names,
        )
        found = []
        for check in checks:
            try:
                check()
            except LedgerError as error:
                found.append(error)
        return found

    def _check_shares(self) -> None:
        total = ppm_of(self.own_share) + sum(ppm_of(share) for _, share in self.named_others)
        if total != PPM:
            rule = f"the shares make {percent_of(total)} %, not 100 %"
            raise BadText("holders", rule)

    def _check_names(self) -> None:
        for name, _ in self.others:
            folded_name(name, place="holders")

    def new_work(self) -> NewWork:
        """Return what is registered; raise BadText for a language that is no code."""
        language = self.language.strip()
        if not _LANGUAGE.fullmatch(language):
            raise BadText("language", "write a code like en, de or pt-BR")
        return NewWork(self.title.strip(), self.text, language)

    def shares(self, holder_id: int, others: Mapping[str, int]) -> dict[int, int]:
        """Return ppm by holder; ``others`` gives the holder of each name. Raise what is wrong."""
        shares = {holder_id: ppm_of(self.own_share)}
        for name, share in self.named_others:
            if others[name] in shares:
                raise HolderTwice(name)
            shares[others[name]] = ppm_of(share)
        return shares

    @property
    def named_others(self) -> list[tuple[str, str]]:
        """Rows of further holders in which something was typed."""
        typed = [(name.strip(), share) for name, share in self.others if name.strip() or share]
        return [(_folded(name), share) for name, share in typed]


def _folded(name: str) -> str:
    """Return a name as it is kept; one that is refused stays as typed, its fault is told apart."""
    try:
        return folded_name(name, place="holders")
    except BadText:
        return name


def ppm_of(text: str) -> int:
    """Read a percentage as ppm, exactly; raise BadPercent."""
    found = _PERCENT.fullmatch(text.strip().removesuffix("%").strip())
    if not found:
        raise BadPercent(text)
    return int(found[1]) * 10_000 + int((found[2] or "").ljust(4, "0"))


def read(form: FormData) -> Draft:
    """Read the fields of a sent form; line ends become one character."""
    names = _texts(form, "holder_name")[:MOST_ROWS]
    shares = _texts(form, "holder_share")[:MOST_ROWS]
    return Draft(
        folded_title(_text(form, "title")),
        _text(form, "language"),
        _text(form, "text").replace("\r\n", "\n").replace("\r", "\n"),
        _text(form, "own_share"),
        tuple(zip(names, shares, strict=False)),
    )


def _texts(form: FormData, name: str) -> list[str]:
    return [value for value in form.getlist(name) if isinstance(value, str)]


def _text(form: FormData, name: str) -> str:
    return next(iter(_texts(form, name)), "")
