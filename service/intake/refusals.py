"""Why an uploaded file is not taken: one named refusal for each rule."""

from service.ledger.errors import LedgerError


class FileRefused(LedgerError):
    """A file is not taken; the kinds of refusal say why."""

    def __init__(self, rule: str, **facts: object) -> None:
        super().__init__(f"file: {rule}", place="file", rule=rule, **facts)


class UnknownFileType(FileRefused):
    """A file's name ends in nothing that is taken."""

    def __init__(self, *, name: str, taken: str) -> None:
        super().__init__(f"{name!r} must end in one of {taken}", name=name, taken=taken)


class WrongFileType(FileRefused):
    """A file holds something else than its name says."""

    def __init__(self, *, declared: str, found: str) -> None:
        super().__init__(
            f"its name says {declared}, but it holds {found}", declared=declared, found=found
        )


class FileTooLarge(FileRefused):
    """A file has more bytes than are taken."""

    def __init__(self, *, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"it has {size_bytes} bytes, at most {limit_bytes} are taken",
            size_bytes=size_bytes,
            limit_bytes=limit_bytes,
        )


class FileEncrypted(FileRefused):
    """A file is encrypted or asks for a password."""

    def __init__(self) -> None:
        super().__init__("it is encrypted: save it without a password")


class FileHasMacros(FileRefused):
    """A document carries programs."""

    def __init__(self, *, member: str) -> None:
        super().__init__(f"it has macros, in {member!r}: save it without them", member=member)


class EntitiesRefused(FileRefused):
    """XML declares entities, which could grow without end or read other files."""

    def __init__(self, *, member: str) -> None:
        super().__init__(f"{member!r} declares XML entities, which are not taken", member=member)


class TooManyPages(FileRefused):
    """A document has more pages than are taken."""

    def __init__(self, *, page_count: int, limit: int) -> None:
        super().__init__(
            f"it has {page_count} pages, at most {limit} are taken",
            page_count=page_count,
            limit=limit,
        )


class ArchiveTooLarge(FileRefused):
    """A zipped document unpacks to more than is taken."""

    def __init__(self, *, what: str, limit: int) -> None:
        super().__init__(f"it unpacks to more than {limit} {what}", what=what, limit=limit)


class FileDamaged(FileRefused):
    """A file cannot be read as what it seems to be."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"it is damaged: {reason}", reason=reason)


class NotUnicode(FileRefused):
    """A text is in none of the encodings that are taken."""

    def __init__(self, *, at: int) -> None:
        super().__init__(f"it is not UTF-8 at byte {at}, and no byte order mark says UTF-16", at=at)


class NoTextInside(FileRefused):
    """A file has no text: a scan, for one."""

    def __init__(self) -> None:
        super().__init__("it holds no text; of a scan, send the recognised text")


class FileTooCostly(FileRefused):
    """Reading a file takes more time or memory than is given."""

    def __init__(self, *, limit: str) -> None:
        super().__init__(f"reading it takes more than {limit}", limit=limit)


BY_CODE = {
    kind.rule(): kind
    for kind in (
        UnknownFileType,
        WrongFileType,
        FileTooLarge,
        FileEncrypted,
        FileHasMacros,
        EntitiesRefused,
        TooManyPages,
        ArchiveTooLarge,
        FileDamaged,
        NotUnicode,
        NoTextInside,
        FileTooCostly,
    )
}
"""All of them by their stable name."""
