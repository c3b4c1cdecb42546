"""Works that a work derives from and that derive from it, as a drawing with a list behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ROW, _BOX = 44, 32
_LEFT = {"upstream": 0.0, "self": 36.0, "downstream": 72.0}
_WIDTH = 28.0
MOST_DRAWN = 12
_MOST_CHARS = 26


@dataclass(frozen=True, slots=True)
class Node:
    """A work; ``left`` and ``width`` in per cent, ``top`` and ``middle`` in pixels."""

    work_id: int
    title: str
    left: float
    top: float
    middle: float
    kind: str
    width: float = _WIDTH
    height: int = _BOX


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from the work that gives to the work that derives from it."""

    from_x: float
    from_y: float
    to_x: float
    to_y: float
    label: str


@dataclass(frozen=True, slots=True)
class Graph:
    """What is drawn: at most a dozen works a side; the list has all."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    height: int


def graph_of(
    work_id: int,
    title: str,
    upstream: Mapping[int, str],
    downstream: Sequence[int],
    titles: Mapping[int, str],
) -> Graph | None:
    """Lay out a work between what it derives from and what derives from it; None for neither.

    upstream: the share by work, as it is printed; downstream: works that derive from this one.
    """
    if not upstream and not downstream:
        return None
    above, below = list(upstream)[:MOST_DRAWN], list(downstream)[:MOST_DRAWN]
    rows = max(len(above), len(below), 1)
    height = rows * _ROW
    own = _node(work_id, title, "self", (height - _BOX) / 2)
    before = _column(above, titles, "upstream", height)
    after = _column(below, titles, "downstream", height)
    edges = [_edge(one, own, upstream[one.work_id]) for one in before]
    edges += [_edge(own, one, "") for one in after]
    return Graph((*before, own, *after), tuple(edges), height)


def _column(works: Sequence[int], titles: Mapping[int, str], kind: str, height: int) -> list[Node]:
    start = (height - len(works) * _ROW + _ROW - _BOX) / 2
    return [
        _node(work, titles.get(work, ""), kind, start + at * _ROW) for at, work in enumerate(works)
    ]


def _node(work_id: int, title: str, kind: str, top: float) -> Node:
    cut = title if len(title) <= _MOST_CHARS else title[: _MOST_CHARS - 1] + "…"
    return Node(work_id, cut, _LEFT[kind], top, top + _BOX / 2, kind)


def _edge(giver: Node, taker: Node, label: str) -> Edge:
    return Edge(giver.left + giver.width, giver.middle, taker.left, taker.middle, label)
