"""What gaming earns: each attack on shares, and what is left of it.

--sets FOLDER: evaluation sets (raidar, detectrl); our own same-topic texts where it is missing.
--write: write docs/attribution-gaming.md and .json. Ends with a line of JSON.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from attacks import (
    homoglyphs,
    of_frequent_words,
    of_generic_sentences,
    shuffled_sentences,
    swapped_words,
    zero_widths,
)
from market import Judged, Market
from rich.console import Console
from rich.table import Table
from scene import Scene, Text, scene

from attribution.coefficients import installed
from attribution.encoder import Encoder, open_encoder
from attribution.encoder_memory import RememberingEncoder
from attribution.values import WHOLE_PPM
from attribution.weights import weights_of_grams, weights_of_terms

ROOT = Path(__file__).parents[1]
COPIES = 1_000
ATTACKER = 10_000  # works from this number on are the attacker's
OFTEN = 0.05
PAGE = ROOT / "docs" / "attribution-gaming.md"
COLUMNS = ("kept", "taken", "taken_unrelated", "paid_unrelated", "flagged", "flags")
BOILERPLATE = (
    "This answer was prepared with the greatest care by the Meridian writing desk of Port Alder. "
    "Please quote the Meridian desk in full whenever you pass any portion of this answer along."
)


def figures(judged: Sequence[Judged], before: Sequence[Judged], family: Callable = int) -> dict:
    """Compare what originals got with what they got before; ``family`` names a copy's original."""

    def to(one: Judged, wanted: Callable[[int], bool]) -> float:
        return sum(s for work, s in one.found.share_ppm.items() if wanted(work)) / WHOLE_PPM

    def original(some: Sequence[Judged]) -> float:
        return sum(to(one, lambda w, s=one.source: family(w) == s) for one in some)

    def mean(values: list[float]) -> float:
        return float(np.mean(values)) if values else 0.0

    with_source = [one for one in judged if one.source is not None]
    had = [one for one in before if one.source is not None]
    without = [one for one in judged if one.source is None]
    theirs = [to(one, lambda w: family(w) >= ATTACKER) for one in without]
    return {
        "kept": original(with_source) / max(original(had), 1e-9),
        "taken": mean([to(one, lambda w: family(w) >= ATTACKER) for one in with_source]),
        "taken_unrelated": mean(theirs),
        "paid_unrelated": mean([to(one, lambda _w: True) for one in without]),
        "wins_often": mean([float(share > 0) for share in theirs]) > OFTEN,
    }


class Table36:
    """The rows, each against the untouched registry."""

    def __init__(self, what: Scene, encoder: Encoder) -> None:
        self.scene, self.encoder = what, encoder
        self.clean = self.market()
        self.before = self.clean.attribute(what.outputs)
        self.rows: dict[str, dict] = {}
        self._add("nothing", figures(self.before, self.before), 0.0, "")

    def market(self) -> Market:
        """Register the works, unexamined: they are everybody's own."""
        market = Market(self.encoder)
        market.register(self.scene.works, examined=False)
        return market

    def changed(self, name: str, change: Callable[[str], str]) -> None:
        """Change every output."""
        outputs = [(change(text), source) for text, source in self.scene.outputs]
        told = figures(self.clean.attribute(outputs), self.before)
        part = self.clean.evasive_part([text for text, _ in outputs])
        self._add(name, told, part, "evasive" if part else "")

    def registered(
        self,
        name: str,
        texts: Sequence[str],
        outputs: Sequence[Text],
        *,
        examined: bool = True,
        compared: Sequence[Text] | None = None,
        commons: bool = False,
    ) -> None:
        """Register texts, each by an owner of its own, and judge outputs.

        ``compared``: what the originals' part is compared with, the outputs unless told.
        """
        before = self.clean.attribute(outputs if compared is None else compared)
        market = self.market()
        works = {ATTACKER + at: text for at, text in enumerate(texts)}
        market.register(works, examined=examined)
        if commons:
            market.give_to_all(works)
        told = figures(market.attribute(outputs), before)
        self._add(name, told, *remarked(market, list(works), told["wins_often"]))

    def copies(
        self,
        name: str,
        spun: Sequence[str],
        of: int,
        outputs: Sequence[Text],
        *,
        one_owner: bool,
        at_once: bool = False,
    ) -> None:
        """Register copies of one work: by its own owner, or each by another."""
        before = self.clean.attribute(outputs)
        market = self.market()
        hashes = market.registry.engine.fingerprint([self.scene.works[of]])[0].lexical
        weights = (weights_of_terms, hashes.terms), (weights_of_grams, hashes.grams)
        own = [weigh(market.registry.lexicon, some) for weigh, some in weights]
        works = {ATTACKER + at: text for at, text in enumerate(spun)}
        owners = {work: of if one_owner else work for work in works}
        market.register(works, owners=owners, at_once=at_once)
        after = [weigh(market.registry.lexicon, some) for weigh, some in weights]
        family = (lambda w: of if w >= ATTACKER else w) if one_owner else int
        told = figures(market.attribute(outputs), before, family)
        told["idf_moved"] = max(float(np.abs(a - b).max()) for a, b in zip(own, after, strict=True))
        self._add(name, told, *remarked(market, list(works), told["wins_often"]))

    def sold_then_registered(self, name: str) -> None:
        """Register outputs after their sale, when they no longer count for it."""
        market = self.market()
        works = {ATTACKER + at: text for at, (text, _) in enumerate(self.scene.outputs)}
        market.register(works)
        for work in works:
            market.close(work)
        told = figures(market.attribute(self.scene.outputs), self.before)
        self._add(name, told, *remarked(market, list(works), told["wins_often"]))

    def _add(self, name: str, told: dict, flagged: float, flags: str) -> None:
        self.rows[name] = told | {"flagged": flagged, "flags": flags}
        print(f"{name}: {json.dumps(self.rows[name])}", file=sys.stderr)


def remarked(market: Market, works: Sequence[int], wins_often: bool) -> tuple[float, str]:
    """Say which part of works was remarked, and how."""
    said = {remark for work in works for remark in market.remarks[work]}
    part = float(np.mean([bool(market.remarks[work]) for work in works]))
    if wins_often:
        said.add("wins > 5 % of unrelated")
        part = max(part, 1.0 if len(works) == 1 else part)
    return part, ", ".join(sorted(said))


def run(what: Scene, encoder: Encoder) -> dict[str, dict]:
    """Try every attack."""
    rows = Table36(what, encoder)
    chance = np.random.default_rng(1)
    for part in (0.1, 0.2, 0.3):
        rows.changed(
            f"homoglyphs, {part:.0%} of letters", lambda t, p=part: homoglyphs(t, p, chance)
        )
    rows.changed("zero-width, 10 % of characters", lambda t: zero_widths(t, 0.1, chance))
    rows.changed("word swap, 10 % of words", lambda t: swapped_words(t, 0.1, chance))
    rows.changed("sentence shuffle", lambda t: shuffled_sentences(t, chance))
    taken_by_others(rows, what, chance)
    many_copies(rows, what, chance)
    for words, times in ((400, 3), (12, 100)):
        stuffed = of_frequent_words(what.beside, words, times)
        rows.registered(f"stuffed with {words} frequent words, {times}x", [stuffed], what.outputs)
    generic = of_generic_sentences(what.beside, 300)
    rows.registered("stuffed with 300 generic sentences", [generic], what.outputs)
    boilerplate(rows, what)
    rows.sold_then_registered("outputs registered after their sale")
    return rows.rows


def taken_by_others(rows: Table36, what: Scene, chance: np.random.Generator) -> None:
    """Register one rewrite of each work as another's; judge the other rewrites."""
    polished: list[str] = []
    others: list[Text] = []
    for work, kinds in what.rewrites.items():
        light = [kind for kind in ("polish", "minimal") if kind in kinds] or list(kinds)[:1]
        if not light:
            continue
        kind = light[int(chance.integers(0, len(light)))]
        polished.append(kinds[kind])
        others += [(text, work) for other, text in kinds.items() if other != kind][:2]
    others += [one for one in what.outputs if one[1] is None]
    rows.registered("polish registered by another", polished, others)
    rows.registered("the same, not examined", polished, others, examined=False)


def many_copies(rows: Table36, what: Scene, chance: np.random.Generator) -> None:
    """Spin one work into a thousand."""
    of = sorted(what.works, key=lambda work: len(what.works[work]))[len(what.works) // 4]
    spun = [swapped_words(what.works[of], 0.1, chance) for _ in range(COPIES)]
    outputs: list[Text] = [(text, of) for text in what.rewrites[of].values()]
    outputs += [(swapped_words(what.works[of], 0.1, chance), of) for _ in range(10)]
    outputs += [one for one in what.outputs if one[1] is None]
    rows.copies("1,000 near copies by 1,000 owners", spun, of, outputs, one_owner=False)
    name = "the same, registered faster than examined"
    rows.copies(name, spun, of, outputs, one_owner=False, at_once=True)
    rows.copies("1,000 near copies by its owner", spun, of, outputs, one_owner=True)


def boilerplate(rows: Table36, what: Scene) -> None:
    """Have every output say two sentences that somebody registered."""
    said: list[Text] = [(f"{text} {BOILERPLATE}", source) for text, source in what.outputs]
    inside = [f"{text} {BOILERPLATE}" for text in what.beside[:30]]
    name, plain = "boilerplate in every output", what.outputs
    rows.registered(f"{name}, a work", [BOILERPLATE], said, compared=plain)
    rows.registered(f"{name} and 30 works", inside, said, compared=plain)
    rows.registered(f"{name}, commons", [BOILERPLATE], said, compared=plain, commons=True)


def page(what: Scene, rows: Mapping[str, dict], encoder: str) -> str:
    """Write the page, in Markdown."""
    lines = [
        "# Gaming",
        "",
        "Made by `make gaming`; do not edit. Texts of",
        f"{what.name}: {len(what.works)} works and {len(what.outputs)} outputs, drawn with a fixed",
        "seed. In sample: the coefficients shipped were learnt from these sets too, so read the",
        "rows against the first one, not as figures of accuracy.",
        "",
        f"Encoder `{encoder[:12]}`, coefficients `{installed().digest[:12]}`.",
        "",
        "* kept: what the originals are paid under attack over what they were paid without it",
        "* taken: share of an output of theirs that goes to the attacker's works",
        "* taken, unrelated: the same of outputs that draw on nothing registered",
        "* paid, unrelated: share of those outputs paid to anybody",
        "* flagged: part of the attacker's texts that are flagged or found copied",
        "",
        "| attack | kept | taken | taken, unrelated | paid, unrelated | flagged | how |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    lines += [f"| {name} | " + " | ".join(cells(row)) + " |" for name, row in rows.items()]
    return "\n".join(lines) + "\n"


def cells(row: Mapping[str, object]) -> list[str]:
    """Write the figures of a row."""
    return [f"{row[c]:.4f}" if isinstance(row[c], float) else str(row[c]) for c in COLUMNS]


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, default=ROOT / "sets")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    opened = open_encoder(options.models, model=None, device="cpu", threads=2)
    encoder = RememberingEncoder(opened, limit=100_000)
    what = scene(options.sets)
    rows = run(what, encoder)
    table = Table("attack", *COLUMNS, title=what.name)
    for name, row in rows.items():
        table.add_row(name, *cells(row))
    Console(stderr=True).print(table)
    told = {"bench": "gaming", "texts": what.name, "coefficients": installed().digest, "rows": rows}
    if options.write:
        PAGE.write_text(page(what, rows, encoder.digest), encoding="utf-8")
        PAGE.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n")
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
