"""Attribute a file of outputs to a file of works, to be scored against what is known."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from attribution.memory_registry import MemoryRegistry
from attribution.values import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from attribution.encoder import Encoder
    from attribution.engine import Engine
    from attribution.values import Attribution

_TEXTS_AT_ONCE = 128
_T = TypeVar("_T")


class BadLine(ValueError):
    """A line of a file of works or outputs that breaks a rule; lines count from 1."""

    def __init__(self, path: Path, line_no: int, rule: str) -> None:
        super().__init__(f"{path}:{line_no}: {rule}")
        self.path = path
        self.line_no = line_no
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Summary:
    """What an evaluation went through. ``passages`` counts those of works and outputs."""

    works: int
    outputs: int
    passages: int
    seconds: float
    passages_per_second: float


def attribute_files(
    works_path: Path,
    outputs_path: Path,
    out_path: Path,
    *,
    encoder: Encoder,
    progress: Callable[[str, int, int], None],
) -> Summary:
    """Attribute every output to the works, and write one prediction a line.

    Works and outputs are JSON objects, one a line, with a string "id" and a string "text"; other
    keys are ignored and blank lines skipped. Works earlier in the file count as registered
    earlier. A prediction is {"id", "best": {"work_id", "score"} or null, "works": [{"work_id",
    "share_ppm"}], "unmatched_ppm"}, in the order of the outputs. ``progress`` hears the stage
    ("works" or "outputs"), how many are done, and how many there are. Raises BadLine before
    anything is written; ``out_path`` appears only when it is complete.
    """
    started = time.perf_counter()
    works, outputs = _texts(works_path), _texts(outputs_path)
    names = [name for name, _ in works]
    engine, passages = _engine([text for _, text in works], encoder, progress)
    unfinished = out_path.with_name(out_path.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8") as lines:
        done = 0
        for some in _portions(outputs):
            prints = engine.fingerprint([text for _, text in some])
            passages += sum(len(each) for each in prints)
            found = engine.attribute(prints, lambda _work_id: Standing.EARNS)
            for (output, _), attribution in zip(some, found, strict=True):
                lines.write(json.dumps(_prediction(output, attribution, names)) + "\n")
            done += len(some)
            progress("outputs", done, len(outputs))
    unfinished.replace(out_path)
    seconds = time.perf_counter() - started
    return Summary(len(works), len(outputs), passages, seconds, passages / seconds)


def _engine(
    texts: Sequence[str], encoder: Encoder, progress: Callable[[str, int, int], None]
) -> tuple[Engine, int]:
    """Register works under their positions; also give how many passages they have."""
    registry = MemoryRegistry(encoder)
    for done, some in enumerate(_portions(texts)):
        first = done * _TEXTS_AT_ONCE
        works = range(first, first + len(some))
        registry.register(dict(zip(works, some, strict=True)))
        progress("works", first + len(some), len(texts))
    return registry.engine, registry.passages


def _portions(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _TEXTS_AT_ONCE):
        yield items[start : start + _TEXTS_AT_ONCE]


def _prediction(output: str, attribution: Attribution, names: Sequence[str]) -> dict[str, Any]:
    best = attribution.best
    return {
        "id": output,
        "best": None if best is None else {"work_id": names[best[0]], "score": best[1]},
        "works": [
            {"work_id": names[work_id], "share_ppm": share_ppm}
            for work_id, share_ppm in attribution.share_ppm.items()
        ],
        "unmatched_ppm": attribution.unmatched_ppm,
    }


def _texts(path: Path) -> list[tuple[str, str]]:
    """Read the id and the text of each line; raises BadLine."""
    seen: set[str] = set()
    texts: list[tuple[str, str]] = []
    with path.open("rb") as lines:
        for line_no, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            name, text = _named_text(path, line_no, line)
            if name in seen:
                raise BadLine(path, line_no, f"the id {name!r} was used before")
            seen.add(name)
            texts.append((name, text))
    return texts


def _named_text(path: Path, line_no: int, line: bytes) -> tuple[str, str]:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadLine(path, line_no, "is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise BadLine(path, line_no, "is not JSON") from error
    if not isinstance(row, dict):
        raise BadLine(path, line_no, "is not a JSON object")
    return _string(path, line_no, row, "id"), _string(path, line_no, row, "text")


def _string(path: Path, line_no: int, row: dict[str, Any], key: str) -> str:
    if key not in row:
        raise BadLine(path, line_no, f"has no {key}")
    value = row[key]
    if not isinstance(value, str):
        raise BadLine(path, line_no, f"its {key} is not a string")
    if key == "id" and not value:
        raise BadLine(path, line_no, "its id is empty")
    if "\0" in value:
        raise BadLine(path, line_no, f"its {key} holds a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadLine(path, line_no, f"its {key} holds a lone surrogate") from error
    return value
