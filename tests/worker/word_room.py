"""An engine room whose likeness is the cosine of words: figures a reader can foresee."""

import hashlib
import re
from collections import Counter
from contextlib import nullcontext

import numpy as np

from attribution.registration import passages_of
from attribution.terms import terms_v1
from attribution.values import (
    Attribution,
    Evidence,
    Examination,
    Finding,
    Fingerprint,
    PassageVerdict,
    Standing,
)
from service.store import attributions, embeddings, passages
from service.store.database import Database, unit_of_work


class WordEncoder:
    """Encodes a text as the sum of one pseudo-random direction for each of its longer words."""

    dimension = 512
    digest = "cd" * 32

    def encode(self, texts):
        rows = [self._row(text) for text in texts]
        kept = np.array(rows, dtype=np.float16)  # what encoders give: numbers that are stored
        return kept.astype(np.float32).reshape(len(texts), self.dimension)

    def _row(self, text):
        total = np.zeros(self.dimension)
        for word in re.findall(r"\w{4,}", text.lower()) or [text]:
            seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
            total += np.random.default_rng(seed).standard_normal(self.dimension)
        return total / np.linalg.norm(total)


class WordRoom:
    """An engine room whose likeness is the cosine of words: figures a reader can foresee.

    A passage goes to the nearest work from 0.6 on, of equals to the first; 0.9 of a text is a copy.
    """

    def __init__(self, database: Database, encoder=None):
        self.database, self.encoder = database, encoder or WordEncoder()
        self.engine_id, self.watermark, self.known = 0, 0, []
        with unit_of_work(database) as session:
            self.encoder_id = embeddings.encoder_id(
                session, self.encoder.digest, self.encoder.dimension
            )
            self.engine_id = attributions.engine_id(session, "words/" + self.encoder.digest[:12])

    def alone(self):
        return nullcontext(True)  # noqa: FBT003 - what it says

    def save(self):
        pass

    def refresh(self, _progress=None):
        with unit_of_work(self.database) as session:
            found = embeddings.after(
                session, self.encoder_id, self.watermark, limit=10_000, dimension=512
            )
        self.watermark = found.number
        self.known += list(zip(found.passage_ids.tolist(), found.vectors, strict=True))
        return self.watermark

    def fingerprint(self, texts):
        made = []
        for text in texts:
            spans, pieces, hashes = passages_of(text)
            made.append(
                Fingerprint(
                    np.array([span.start for span in spans], np.int64),
                    np.array([span.end for span in spans], np.int64),
                    self.encoder.encode(pieces),
                    tuple(hashes),
                    terms_v1(pieces),
                    len(text),
                    0,
                )
            )
        return made

    def _winner(self, fingerprint, at, allowed):
        with unit_of_work(self.database) as session:
            refs = {r.passage_id: r for r in passages.located(session, [i for i, _ in self.known])}
        near = [
            (
                float(fingerprint.vectors[at] @ vector),
                self._origin(refs[number], refs, allowed),
            )
            for number, vector in self.known
            if number in refs and allowed(refs[number].work_id)
        ]
        able = [(c, ref) for c, ref in near if c >= 0.6 and allowed(ref.work_id)]
        if not able:
            return None
        return max(able, key=lambda one: (round(one[0], 2), -one[1].work_id))

    def _origin(self, ref, refs, allowed):
        origin = refs.get(ref.origin_passage_id)
        return origin if origin and allowed(origin.work_id) else ref

    def _won(self, fingerprint, allowed, *, paid=lambda _work: True):
        won = {}
        for at in range(len(fingerprint)):
            winner = self._winner(fingerprint, at, allowed)
            if winner:
                cosine, ref = winner
                kind = "verbatim" if ref.content_hash == fingerprint.hashes[at] else "paraphrase"
                won[at] = Evidence(
                    int(fingerprint.starts[at]),
                    int(fingerprint.ends[at]),
                    ref.work_id,
                    ref.passage_id,
                    ref.start_char,
                    ref.end_char,
                    min(cosine, 1.0),
                    kind,
                    paid(ref.work_id),
                )
        return won

    def _shares(self, fingerprint, evidence):
        whole = int((fingerprint.ends - fingerprint.starts).sum()) or 1
        chars = Counter()
        for one in evidence:
            chars[one.work_id] += one.output_end - one.output_start
        return {work: 1_000_000 * count // whole for work, count in chars.most_common()}

    def attribute(self, fingerprints, standing):
        return [self._attribution(each, standing) for each in fingerprints]

    def _attribution(self, fingerprint, standing):
        won = self._won(
            fingerprint,
            lambda work: standing(work) is not Standing.OUT,
            paid=lambda work: standing(work) is Standing.EARNS,
        )
        shares = self._shares(fingerprint, [one for one in won.values() if one.paid])
        return Attribution(
            shares,
            1_000_000 - sum(shares.values()),
            tuple(won.values()),
            "words/1",
            None,
            tuple(self._verdict(fingerprint, at, won.get(at)) for at in range(len(fingerprint))),
            tuple(at for at in range(len(fingerprint)) if at not in won),
        )

    def _verdict(self, fingerprint, at, one):
        start, end = int(fingerprint.starts[at]), int(fingerprint.ends[at])
        if not one:
            return PassageVerdict(start, end, None, None, 0, 0, 0.0, None, "no likeness")
        return PassageVerdict(
            start,
            end,
            one.work_id,
            one.passage_id,
            one.source_start,
            one.source_end,
            one.confidence,
            one.kind,
            "paid" if one.paid else "commons",
        )

    def examine(self, fingerprint, earlier):
        won = list(self._won(fingerprint, earlier).values())
        shares = self._shares(fingerprint, won)
        findings = tuple(
            Finding(work, share, tuple(one for one in won if one.work_id == work))
            for work, share in shares.items()
        )
        return Examination(
            1_000_000 - sum(shares.values()),
            findings,
            bool(findings) and findings[0].share_ppm >= 900_000,
            ("evasive",) if fingerprint.normalisation_changed_ppm > 10_000 else (),
        )
