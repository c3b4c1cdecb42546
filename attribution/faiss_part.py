"""Passages that faiss searches: built once, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from attribution.cells import ONE_CELL, cells_of, flat, no_centres, probed
from attribution.codes import codes_of_steps, steps
from attribution.faiss_library import faiss
from attribution.nearest_codes import nearest
from attribution.passage_index import NO_PASSAGE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_BITS_OF_A_PLACE = 32  # faiss: cell << 32 | position in it
NOTHING = -np.inf
"""The score of what is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Codes of n passages in cells; ``ids`` int64[n] rise, and name them.

    Inside faiss a passage is ``n - 1 - rank of its id``: of equal scores it keeps the greatest
    label of those it has met in rising order of ids, that is, the least ids.
    """

    ids: NDArray[np.int64]
    index: Any

    @classmethod
    def of(
        cls,
        ids: NDArray[np.int64],
        codes: NDArray[np.uint8],
        *,
        centres: NDArray[np.float32] | None = None,
        cells: NDArray[np.int64] | None = None,
        threads: int = 1,
    ) -> Self:
        """Build a part of ids, rising, and codes uint8[n, dim]; without centres one cell.

        ``cells`` int64[n] are given where they are known.
        """
        library = faiss()
        count, dimension = codes.shape
        centres = no_centres(dimension) if centres is None else centres
        index = library.IndexIVFScalarQuantizer(
            flat(centres),
            dimension,
            len(centres),
            library.ScalarQuantizer.QT_8bit_direct_signed,
            library.METRIC_INNER_PRODUCT,
            False,  # noqa: FBT003  # by_residual: codes are of the vectors themselves
        )
        index.is_trained = True
        cells = cells_of(codes, centres, threads=threads) if cells is None else cells
        order = np.argsort(cells, kind="stable")
        bounds = np.searchsorted(cells[order], np.arange(len(centres) + 1))
        for cell in range(len(centres)):
            rows = order[bounds[cell] : bounds[cell + 1]]
            if len(rows):
                labels, own = count - 1 - rows, np.ascontiguousarray(codes[rows])
                index.invlists.add_entries(
                    cell, len(rows), library.swig_ptr(labels), library.swig_ptr(own)
                )
        index.ntotal = count
        index.make_direct_map(True)  # noqa: FBT003  # faiss knows no keyword
        return cls(ids, index)

    @classmethod
    def mapped(cls, index_file: Path, ids_file: Path) -> Self:
        """Map files that ``write`` made, so that processes share one copy; OSError, RuntimeError.

        faiss raises RuntimeError also where the file is not there.
        """
        index = faiss().read_index(str(index_file), faiss().IO_FLAG_MMAP_IFC)
        ids = np.load(ids_file, mmap_mode="r") if index.ntotal else np.empty(0, dtype=np.int64)
        return cls(ids, index)

    def write(self, index_file: Path, ids_file: Path) -> None:
        """Write two files for ``mapped``."""
        faiss().write_index(self.index, str(index_file))
        np.save(ids_file, self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def cell_count(self) -> int:
        """How many cells there are; search of one is exact."""
        return int(self.index.nlist)

    def centres(self) -> NDArray[np.float32]:
        """Copy the centres, float32[cells, dim]."""
        centres: NDArray[np.float32] = self.index.quantizer.reconstruct_n(0, self.cell_count)
        return centres

    def ranks_of(self, passage_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the rank of each id that is here, int64[m]; -1 for others."""
        if not len(self.ids):
            return np.full(len(passage_ids), -1, dtype=np.int64)
        ranks = np.minimum(np.searchsorted(self.ids, passage_ids), len(self.ids) - 1)
        return np.where(self.ids[ranks] == passage_ids, ranks, -1)

    def codes_at(self, ranks: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Copy the codes uint8[m, dim] of passages by the ranks of their ids."""
        return codes_of_steps(self.steps_at(ranks))

    def steps_at(self, ranks: NDArray[np.int64]) -> NDArray[np.float32]:
        """Give the whole numbers that the codes stand for, float32[m, dim]."""
        if not len(ranks):
            return np.empty((0, self.index.d), dtype=np.float32)
        codes = self._only_cell()
        if codes is not None:
            return steps(codes[ranks])
        numbers: NDArray[np.float32] = self.index.reconstruct_batch(len(self) - 1 - ranks)
        return numbers

    def copy_codes(self, codes: NDArray[np.uint8]) -> None:
        """Copy all codes into uint8[n, dim], in the order of the ids."""
        library, lists, dimension = faiss(), self.index.invlists, self.index.d
        for cell in range(self.cell_count):
            size = lists.list_size(cell)
            if size:
                labels = library.rev_swig_ptr(lists.get_ids(cell), size)
                own = library.rev_swig_ptr(lists.get_codes(cell), size * dimension)
                codes[len(self) - 1 - labels] = own.reshape(size, dimension)

    def all_cells(self) -> NDArray[np.int64]:
        """Give the cell of each passage, int64[n], in the order of the ids."""
        places: NDArray[np.int64] = faiss().vector_to_array(self.index.direct_map.array)
        return places[::-1] >> _BITS_OF_A_PLACE

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        *,
        dead: NDArray[np.int64],
        threads: int,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the k greatest scores of each query, float32[m, k], and their ids, int64[m, k].

        Passages of the ranks ``dead`` are passed over. Where too few are found the score is
        NOTHING and the id -1.
        """
        scores = np.full((len(queries), k), NOTHING, dtype=np.float32)
        ids = np.full((len(queries), k), NO_PASSAGE, dtype=np.int64)
        found = min(k, len(self) - len(dead))
        if not found or not len(queries):
            return scores, ids
        codes = self._only_cell()
        if codes is not None:
            scores[:, :found], ranks = nearest(codes, queries, found, dead=dead, threads=threads)
            ids[:, :found] = self.ids[ranks]
            return scores, ids
        library = faiss()
        parameters = {"nprobe": probed(self.cell_count, count=len(self), k=found)}
        if len(dead):
            living = _living(len(self), dead)
            parameters["sel"] = library.IDSelectorBitmap(living)
        library.omp_set_num_threads(threads)  # it holds for the calling thread only
        raw, labels = self.index.search(
            queries, found, params=library.SearchParametersIVF(**parameters)
        )
        there = labels >= 0
        scores[:, :found] = np.where(there, raw, NOTHING)
        ids[:, :found] = np.where(there, self.ids[len(self) - 1 - labels * there], NO_PASSAGE)
        return scores, ids

    def _only_cell(self) -> NDArray[np.uint8] | None:
        """Look at the codes uint8[n, dim] where they lie, in the order of the ids: in one cell."""
        if self.cell_count != ONE_CELL or not len(self):
            return None
        lists, size = self.index.invlists, len(self) * self.index.d
        codes: NDArray[np.uint8] = faiss().rev_swig_ptr(lists.get_codes(0), size)
        return codes.reshape(len(self), self.index.d)


def _living(count: int, dead: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Give one bit for each label, the lowest first: whether it may be found."""
    living = np.ones(count, dtype=np.bool_)
    living[count - 1 - dead] = False
    return np.packbits(living, bitorder="little")
