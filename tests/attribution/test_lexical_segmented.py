"""Whatever is added, removed, saved and loaded: the answers are those of a plain dictionary."""

from math import log1p
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution import lexical_files, lexical_merge, lexical_segment, lexical_segmented
from attribution.lexical import LexicalPrints
from attribution.lexical_segmented import SegmentedLexicalIndex

REACH = {"rare_term_owners": 2, "most_postings": 4, "most_read": 12, "per_work": 2}
HASHES = np.array([0, 1, 2, 3, 5, 2**32, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1], dtype=np.uint64)


class PlainIndex:
    """The lexical index as a dictionary: id -> (work, owner, terms with counts, grams)."""

    def __init__(self):
        self.held = {}

    def reown(self, owners):
        for passage_id, (work, owner, *words) in self.held.items():
            self.held[passage_id] = (work, owners.get(work, owner), *words)

    def holding(self, name):
        return [e for e in self.held.values() if name in e[2] or name in e[3]]

    def count(self, name, column):
        return len({entry[column] for entry in self.holding(name)})

    def total(self, column):
        return len({entry[column] for entry in self.held.values()})

    def score(self, names):
        idf = {name: log1p(self.total(1) / self.count(name, 1)) for name in names}
        for passage_id, (work, _, terms, grams) in self.held.items():
            shared = names & (set(terms) | set(grams))
            if shared:
                score = sum(round(idf[name] ** 2 * 2**20) for name in shared)
                yield -score, passage_id, work

    def candidates(self, terms, grams, k, allowed):
        rare = {n for n in grams if 0 < len(self.holding(n)) <= 4}
        rare |= {n for n in terms if 0 < len(self.holding(n)) <= 4 and self.count(n, 1) <= 2}
        read, names = 0, set()
        for number, name in sorted((len(self.holding(name)), name) for name in rare):
            read += number
            if read > 12:
                break
            names.add(name)
        found, works = [], []
        for _, passage_id, work in sorted(self.score(names)):
            if allowed(work) and works.count(work) < 2 and len(found) < k:
                found.append(passage_id)
                works.append(work)
        return found


MANY_SMALL_SEGMENTS = {
    (lexical_segmented, "_SMALL"): 0,
    (lexical_segmented, "_LARGER"): 0,
    (lexical_files, "_LARGER"): 0,
    (lexical_files, "_PURGED"): 0,
    (lexical_files, "_FOLDED"): 0,
    (lexical_merge, "_POSTINGS_AT_ONCE"): 2,
    (lexical_merge, "_PASSAGES_AT_ONCE"): 2,
    (lexical_segment, "_MARK"): 2,
}


@pytest.fixture(params=[False, True], ids=["as it is", "many small segments"], scope="module")
def _grouping(request):
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in MANY_SMALL_SEGMENTS.items() if request.param else ():
            patch.setattr(module, name, value)
        yield


names = st.sampled_from(HASHES.tolist())
passages = st.tuples(
    st.integers(0, 5),
    st.integers(0, 3),
    st.dictionaries(names, st.sampled_from([1, 2, 300, 65_535]), max_size=5),
    st.lists(names, max_size=5),
)
steps = st.one_of(
    st.tuples(st.just("add"), st.lists(st.tuples(st.integers(0, 30), passages), max_size=8)),
    st.tuples(st.just("remove"), st.lists(st.integers(0, 35), max_size=6)),
    st.tuples(st.just("reown"), st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4)))),
    st.tuples(st.just("save"), st.booleans()),
)


def ints(values):
    return np.array(list(values), dtype=np.int64)


def prints(entries):
    return LexicalPrints.of(
        [np.array(sorted(terms), dtype=np.uint64) for *_, terms, _ in entries],
        [np.array([terms[t] for t in sorted(terms)], dtype=np.uint16) for *_, terms, _ in entries],
        [np.array(grams, dtype=np.uint64) for *_, grams in entries],
    )


def apply(step, index, plain, folder):
    name, given = step
    if name == "add":
        index.add(
            ints(passage_id for passage_id, _ in given),
            ints(entry[0] for _, entry in given),
            ints(entry[1] for _, entry in given),
            prints([entry for _, entry in given]),
        )
        plain.held.update(given)
    elif name == "remove":
        index.remove(ints(given))
        for passage_id in given:
            plain.held.pop(passage_id, None)
    elif name == "reown":
        index.reown(ints(work for work, _ in given), ints(to for _, to in given), change=len(given))
        plain.reown(dict(given))
    else:
        index.save(folder, "terms", 7)
        if given:
            index, _ = SegmentedLexicalIndex.load(folder, digest="terms", **REACH)
    return index


def assert_same(index, plain):
    everything = ints(range(32))
    nobody = (-1, -1, {}, [])
    entries = [plain.held.get(passage_id, nobody) for passage_id in range(32)]
    assert sorted(index.passage_ids().tolist()) == sorted(plain.held)
    assert len(index) == len(plain.held)
    assert index.works_of(everything).tolist() == [entry[0] for entry in entries]
    assert index.owners_of(everything).tolist() == [entry[1] for entry in entries]
    assert index.prints_of(everything).packed() == prints(entries).packed()
    assert index.work_counts(HASHES).tolist() == [plain.count(n, 0) for n in HASHES.tolist()]
    assert index.owner_counts(HASHES).tolist() == [plain.count(n, 1) for n in HASHES.tolist()]
    assert (index.work_count, index.owner_count) == (plain.total(0), plain.total(1))


def assert_same_candidates(index, plain, output):
    for k in (1, 3, 20):
        rows, found = index.candidates(prints(output), k, allowed=lambda work: work != 5)
        expected = [plain.candidates(t, g, k, lambda work: work != 5) for *_, t, g in output]
        assert found.tolist() == [passage_id for row in expected for passage_id in row]
        assert rows.tolist() == [at for at, row in enumerate(expected) for _ in row]


@pytest.mark.usefixtures("_grouping")
@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=14), st.lists(passages, max_size=4))
def test_any_history_answers_as_a_dictionary_would(history, output):
    with TemporaryDirectory() as folder:
        index, plain = SegmentedLexicalIndex(**REACH), PlainIndex()
        for step in history:
            index = apply(step, index, plain, Path(folder))
            assert_same(index, plain)
        assert_same_candidates(index, plain, output)
