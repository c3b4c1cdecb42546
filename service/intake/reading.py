"""Reads one file in a process of its own: ``python -m service.intake.reading pdf BYTES`` < FILE.

The parsers of foreign formats are many lines of other people's code and take what strangers made.
Here they can use up the memory and time given to this process, and nothing else.
"""

import json
import resource
import sys

from service.intake import docx, epub, html, pdf
from service.intake.file_type import FileType
from service.intake.limits import READING_SECONDS
from service.intake.refusals import FileRefused, FileTooCostly

_READERS = {
    FileType.HTML: html.text_of,
    FileType.PDF: pdf.text_of,
    FileType.DOCX: docx.text_of,
    FileType.EPUB: epub.text_of,
}


def answer(file_type: FileType, content: bytes) -> dict[str, object]:
    """Return the text of a file, or the name and the facts of the refusal."""
    try:
        return {"text": _READERS[file_type](content)}
    except FileRefused as refused:
        facts = {name: v for name, v in refused.facts.items() if name not in {"place", "rule"}}
        return {"refused": refused.code, "facts": facts}
    except MemoryError:
        return {"refused": FileTooCostly.rule(), "facts": {"limit": "the memory given to it"}}


def main() -> None:
    """Bound this process, read stdin, write the answer to stdout as JSON."""
    most_bytes = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (READING_SECONDS, READING_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    told = answer(FileType(sys.argv[1]), sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
