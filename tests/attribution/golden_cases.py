"""Golden cases: what each step makes of a few texts, kept in ``golden/cases.jsonl``.

After a step was given a new version, write the file anew and read its difference:
``python tests/attribution/golden_cases.py``
"""

import json
from hashlib import blake2b
from pathlib import Path
from tempfile import gettempdir

from attribution.memory_registry import MemoryRegistry
from attribution.normaliser import normalise_v1
from attribution.onnx_encoder import OnnxEncoder
from attribution.registration import passages_of
from attribution.sentence_model import packaged_model
from attribution.terms import terms_v1
from attribution.values import Standing
from service.settings import Settings
from worker.installed_encoder import models_folder

FOLDER = Path(__file__).with_name("golden")
CASES = FOLDER / "cases.jsonl"


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def golden_models():
    """Give the folder of the machine's encoder file."""
    return models_folder(Settings(home=Path(gettempdir()) / "wellspring"))


def golden_engine(encoder):
    """Register the golden works; also give what each may do."""
    works = rows(FOLDER / "works.jsonl")
    registry = MemoryRegistry(encoder)
    registry.register({work["work_id"]: work["text"] for work in works})
    commons = {work["work_id"] for work in works if work["commons"]}
    return registry.engine, lambda work: Standing.COMMONS if work in commons else Standing.EARNS


def method(engine):
    """Name the versions of the steps, without what they were trained on."""
    normaliser, cutter, terms, _encoder, coefficients, decision = engine.version.split("/")
    return [normaliser, cutter, terms, coefficients, decision]


def observed(name, text, engine, standing):
    """Describe what each step makes of a text."""
    passages, texts, _ = passages_of(text)
    told = engine.attribute_text(text, standing)
    return {
        "name": name,
        "text": text,
        "method": method(engine),
        "normalise_v1": normalise_v1(text).text,
        "cut_v1": [[each.start, each.end] for each in passages],
        "terms_v1": blake2b(b"".join(terms_v1(texts).packed()), digest_size=8).hexdigest(),
        "share_ppm": {str(work): share for work, share in told.share_ppm.items()},
        "unmatched_ppm": told.unmatched_ppm,
        "evidence": [
            [e.output_start, e.output_end, e.work_id, e.source_start, e.source_end, e.kind, e.paid]
            for e in told.evidence
        ],
    }


def rewrite():
    """Write every case anew, as this version of the engine sees it."""
    engine, standing = golden_engine(OnnxEncoder(packaged_model(), golden_models(), threads=1))
    made = [observed(case["name"], case["text"], engine, standing) for case in rows(CASES)]
    lines = (json.dumps(case, ensure_ascii=False) + "\n" for case in made)
    CASES.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
