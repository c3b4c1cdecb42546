"""What the command line shows: tables or JSON on stdout, progress and errors on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

FILE_COLUMNS = 160
"""Width of tables that no terminal bounds."""

out = Console(emoji=False, width=None if sys.stdout.isatty() else FILE_COLUMNS)
err = Console(stderr=True, emoji=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading and whether it holds numbers."""

    name: str
    number: bool = False


def table(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    *,
    as_json: bool = False,
) -> None:
    """Print rows as a table, or as a JSON array of objects keyed by the headings."""
    if as_json:
        keys = [column.name.replace(" ", "_") for column in columns]
        document([dict(zip(keys, row, strict=True)) for row in rows])
        return
    grid = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        grid.add_column(
            column.name,
            justify="right" if column.number else "left",
            no_wrap=column.number,
            overflow="fold",
        )
    for row in rows:
        grid.add_row(*("" if cell is None else str(cell) for cell in row), style=None)
    out.print(grid, markup=False)


def document(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))  # noqa: T201 - plain stdout


def facts(values: Mapping[str, object], *, as_json: bool = False) -> None:
    """Print named facts, a line each, or as one JSON object."""
    if as_json:
        document({key.replace(" ", "_"): value for key, value in values.items()})
        return
    width = max(len(key) for key in values)
    for key, value in values.items():
        out.print(f"{key:<{width}}  {value}", markup=False, highlight=False, soft_wrap=True)


def say(sentence: str) -> None:
    """Print a sentence for people on stderr."""
    err.print(sentence, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each step told: (step, done, of)."""
    with Progress(
        TextColumn("{task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=of)
            bars.update(tasks[step], completed=done, total=of)

        yield tell
