"""Texts that are the source of nothing in a set, found on this machine."""

import ast
import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from attribution.registration import passages_of
from attribution.training.material import Material

MANUALS = (Path("/usr/share/man"), Path("/usr/share/doc"))
DOCUMENTS = (".txt", ".md", ".rst")
OF_ANOTHER_GROUP = {
    "bible": ("raidar", "detectrl", "clough"),
    "clough": ("bible", "raidar", "detectrl"),
    "raidar": ("bible", "clough"),
    "detectrl": ("bible", "clough"),
    "mosaic": ("bible", "clough"),
}
LEAST_CHARS, MOST_CHARS, LEAST_PASSAGE = 300, 20_000, 80
_PROSE = 0.72
_ROFF_COMMENT = re.compile(r"^[.']\\?[\"].*$", re.MULTILINE)
_ROFF_REQUEST = re.compile(r"^[.'](?:[A-Z]{1,2} ?|[a-z]{2}\b.*)", re.MULTILINE)
_ROFF_ESCAPE = re.compile(r"\\(?:f[A-Z]|f\(..|[&|^%]|\((?:..)|\*\(..|s[-+]?\d)")


@dataclass(frozen=True, slots=True)
class Distractors:
    """Texts by name, and how many passages they have together."""

    texts: dict[str, str]
    passages: int


def distractors(set_name: str, materials: Sequence[Material], passages: int) -> Distractors:
    """Gather texts until they have so many passages; no passage comes twice."""
    texts: dict[str, str] = {}
    seen: set[bytes] = set()
    count = 0
    for name, text in _all(set_name, materials):
        found, _, hashes = passages_of(text)
        new = [
            text[one.start : one.end]
            for one, content in zip(found, hashes, strict=True)
            if content not in seen and _is_prose(text[one.start : one.end])
        ]
        if not new:
            continue
        seen.update(hashes)
        count += len(new)
        texts[f"distractor {len(texts)} {name}"] = "\n\n".join(new)
        if count >= passages:
            break
    return Distractors(texts, count)


def _all(set_name: str, materials: Sequence[Material]) -> Iterator[tuple[str, str]]:
    others = {each.name: each for each in materials}
    for name in OF_ANOTHER_GROUP[set_name]:
        yield from others[name].works.items()
    yield from _documentation()


@cache
def _documentation() -> tuple[tuple[str, str], ...]:
    """Read documents, docstrings and manual pages of this machine, mixed the same each time."""
    found = [
        (name, text[:MOST_CHARS])
        for source in (_documents(), _docstrings(), _manuals())
        for name, text in source
        if len(text) >= LEAST_CHARS
    ]
    order = np.random.default_rng(12).permutation(len(found)).tolist()
    return tuple(found[at] for at in order)


def _documents() -> Iterator[tuple[str, str]]:
    """Yield documents and licences of installed packages and of the system."""
    for folder in (_packages(), MANUALS[1]):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (path.suffix in DOCUMENTS or path.name.startswith("LICENSE")):
                yield path.name, path.read_text(encoding="utf-8", errors="replace")


def _docstrings() -> Iterator[tuple[str, str]]:
    """Yield, of each module of Python's library, all docstrings together."""
    for path in sorted(Path(ast.__file__).parent.rglob("*.py")):
        if {"site-packages", "dist-packages", "test", "tests", "lib2to3"} & set(path.parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
        said = [
            ast.get_docstring(node) or ""
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        ]
        yield path.name, "\n\n".join(one for one in said if one)


def _manuals() -> Iterator[tuple[str, str]]:
    """Yield English manual pages, freed from their markup."""
    for section in sorted(MANUALS[0].glob("man[1-9]")):
        for path in sorted(section.glob("*.gz")):
            if path.is_symlink():
                continue
            with gzip.open(path, "rt", encoding="utf-8", errors="replace") as lines:
                text = _ROFF_COMMENT.sub("", lines.read())
            yield path.name, _ROFF_ESCAPE.sub("", _ROFF_REQUEST.sub("", text)).replace("\\-", "-")


def _packages() -> Path:
    return Path(np.__file__).parents[1]


def _is_prose(passage: str) -> bool:
    letters = sum(char.isalpha() for char in passage)
    return len(passage) >= LEAST_PASSAGE and letters >= _PROSE * len(passage)
