"""Attribute outputs: beside the encoder alone, a plain script, and in a large catalogue.

Texts are our own same-topic ones and mosaics of them, distractors are made up. All sides run in
turn in one process, in small portions; figures are medians of the rounds. The catalogue of passages
is in memory: in the product it is the database. --passages N: size of the large catalogue;
--folder F: keep it there and use it again; --rounds N. More of the indexes alone: bench_index,
bench_lexical_index. Ends with a line of JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from crowd import FIRST_WORK, Crowd, CrowdCatalogue
from large_catalogue import LargeCatalogue, fill, timed
from mosaics import Output, errors, of_length, texts
from plain_script import PlainScript, plain_script
from rich.console import Console
from rich.table import Table

from attribution.encoder import Encoder
from attribution.engine import Engine
from attribution.faiss_index import FaissIndex
from attribution.lexical_segmented import SegmentedLexicalIndex
from attribution.memory_registry import MemoryRegistry
from attribution.onnx_encoder import OnnxEncoder
from attribution.registration import passages_of
from attribution.sentence_model import packaged_model
from attribution.values import WHOLE_PPM, Standing
from service.settings import Settings
from worker.installed_encoder import models_folder

ROUNDS, AT_ONCE, THREADS = 5, 100, 2
DISTRACTORS = 20_000
AN_OUTPUT_WORDS, TIMED, WORKS_ADDED = 250, 60, 20


def earns(_work_id: int) -> Standing:
    return Standing.EARNS


def run_engine(engine: Engine, outputs: list[Output]) -> list[dict[int, float]]:
    """Attribute in portions, as the service does."""
    shares = []
    for start in range(0, len(outputs), AT_ONCE):
        prints = engine.fingerprint([one.text for one in outputs[start : start + AT_ONCE]])
        found = engine.attribute(prints, earns)
        shares += [{w: ppm / WHOLE_PPM for w, ppm in one.share_ppm.items()} for one in found]
    return shares


def run_encoder(encoder: Encoder, pieces: list[list[str]]) -> None:
    """Encode the same passages in the same portions, and nothing else."""
    for start in range(0, len(pieces), AT_ONCE):
        encoder.encode([piece for some in pieces[start : start + AT_ONCE] for piece in some])


def opened(encoder: Encoder, works: dict[int, str]) -> tuple[Engine, PlainScript]:
    """Register works and distractors in ours and in the plain script."""
    registry = MemoryRegistry(encoder)
    real = registry.register(works)
    index = FaissIndex(encoder.dimension, threads=THREADS)
    lexicon = SegmentedLexicalIndex()
    fill(index, lexicon, real, DISTRACTORS)
    engine = Engine(encoder, index, lexicon, CrowdCatalogue(registry.catalogue))
    strangers = [(FIRST_WORK, vectors) for _, vectors, _ in Crowd(real).passages(DISTRACTORS)]
    return engine, plain_script(works, strangers)


def side_by_side(
    encoder: Encoder, works: dict[int, str], outputs: list[Output], rounds: int
) -> dict[str, dict[str, object]]:
    """Run the encoder and the engine in turn on each portion; the plain script on one a round.

    The plain script has the better of one and two threads: two are slower on a busy machine.
    """
    engine, plain = opened(encoder, works)
    portions = [outputs[start : start + AT_ONCE] for start in range(0, len(outputs), AT_ONCE)]
    pieces = [[passages_of(one.text)[1] for one in some] for some in portions]
    run_engine(engine, portions[0]), plain.attribute(pieces[0][:20], THREADS)
    rows, plain_rows, plain_shares = [], [], {}
    for number in range(rounds):
        both = []
        for some, cut in zip(portions, pieces, strict=True):
            both.append((*clocked(run_encoder, encoder, cut), *clocked(run_engine, engine, some)))
        rows.append(np.sum(both, axis=0))
        at = number % len(portions)
        best = min(timed(plain.attribute, pieces[at], threads) for threads in (1, THREADS))
        plain_rows.append((best, both[at][2], len(portions[at])))
        plain_shares[at] = plain.attribute(pieces[at], THREADS)
    known = sorted(plain_shares)
    asked = [one for at in known for one in portions[at]]
    plain_error, plain_wrong = errors(asked, [one for at in known for one in plain_shares[at]])
    error, wrong = errors(asked, run_engine(engine, asked))
    alone, alone_cpu, whole, whole_cpu = np.array(rows).T
    plainly, beside, size = np.array(plain_rows).T
    return {
        "over_encoder": figure(np.median(alone / whole), "of 1", at_least=0.85),
        "over_encoder_by_cpu": figure(np.median(alone_cpu / whole_cpu), "of 1"),
        "over_plain_script": figure(np.median(plainly / beside), "times", at_least=2.2),
        "encoder_rate": figure(np.median(len(outputs) / alone), "outputs/s"),
        "engine_rate": figure(np.median(len(outputs) / whole), "outputs/s"),
        "plain_rate": figure(np.median(size / plainly), "outputs/s"),
        "share_error": figure(error, "of 1", at_most=plain_error),
        "share_error_of_plain": figure(plain_error, "of 1"),
        "to_wrong_works": figure(wrong, "of 1", at_most=plain_wrong),
        "to_wrong_works_of_plain": figure(plain_wrong, "of 1"),
        "passages": figure(sum(len(cut) for some in pieces for cut in some), "passages"),
    }


def clocked(work: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Run and give the seconds it took, and those of all processors."""
    before = time.process_time()
    seconds = timed(work, *arguments)
    return seconds, time.process_time() - before


def in_large_catalogue(
    encoder: Encoder,
    works: dict[int, str],
    outputs: list[Output],
    *,
    folder: Path,
    count: int,
    rounds: int,
) -> dict[str, dict[str, object]]:
    """Attribute single outputs of 250 words, then change the catalogue."""
    asked = of_length(outputs, AN_OUTPUT_WORDS, TIMED)
    run_encoder(encoder, [passages_of(text)[1] for text in asked])
    large = LargeCatalogue(encoder, works, folder, count)
    for text in asked[:5]:
        large.engine.attribute_text(text, earns)
    whole, encoding, rate = [], [], []
    for _ in range(rounds):
        for text in asked:
            pieces = passages_of(text)[1]
            encoding.append(1000 * timed(encoder.encode, pieces))
            whole.append(1000 * timed(large.engine.attribute_text, text, earns))
        pieces = [passages_of(one.text)[1] for one in outputs[:AT_ONCE]]
        alone = timed(run_encoder, encoder, pieces)
        rate.append(alone / timed(run_engine, large.engine, outputs[:AT_ONCE]))
    own, mapped = large.memory()
    added, removed = large.add_and_remove(large.real[0], WORKS_ADDED)
    million = 1e6 / count
    return {
        "output_p50": figure(np.percentile(whole, 50), "ms", at_most=100),
        "output_p95": figure(np.percentile(whole, 95), "ms", at_most=250),
        "encoding_of_it_p50": figure(np.percentile(encoding, 50), "ms"),
        "over_encoder_in_large": figure(np.median(rate), "of 1"),
        "own_memory_per_million": figure(own / 2**20 * million, "MiB"),
        "mapped_memory_per_million": figure(mapped / 2**20 * million, "MiB"),
        "files_per_million": figure(large.seconds["bytes"] / 2**20 * million, "MiB"),
        "build": figure(large.seconds["build"], "s"),
        "snapshot": figure(large.seconds["snapshot"], "s"),
        "load": figure(large.loading, "s"),
        "add_work_p50": figure(1000 * np.median(added), "ms"),
        "remove_work_p50": figure(1000 * np.median(removed), "ms"),
        "registered": figure(count, "passages"),
    }


def figure(
    value: float, unit: str, *, at_least: float | None = None, at_most: float | None = None
) -> dict[str, object]:
    """Make one figure of the report; without a bound it counts as met."""
    target = at_most if at_least is None else at_least
    met = target is None or (value <= target if at_least is None else value >= target)
    return {
        "value": round(float(value), 4),
        "target": None if target is None else round(target, 4),
        "better": "lower" if at_least is None else "higher",
        "met": bool(met),
        "unit": unit,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    told = parser.parse_args()
    encoder = OnnxEncoder(packaged_model(), models_folder(Settings()), threads=THREADS)
    works, outputs = texts()
    with tempfile.TemporaryDirectory() as folder:
        figures = in_large_catalogue(
            encoder, works, outputs,
            folder=told.folder or Path(folder), count=told.passages, rounds=told.rounds,
        )  # fmt: skip
    figures = side_by_side(encoder, works, outputs, told.rounds) | figures
    table = Table("figure", "value", "unit", "target", title="attribution")
    for name, one in figures.items():
        table.add_row(name, str(one["value"]), str(one["unit"]), str(one["target"] or ""))
    Console(stderr=True).print(table)
    sys.stdout.write(json.dumps({"bench": "attribution", "figures": figures}) + "\n")


if __name__ == "__main__":
    main()
