"""A font of squares for any signs: enough TrueType for a typesetter to embed (OpenType 1.9)."""

import struct
from pathlib import Path

_UNITS, _ADVANCE = 1_000, 1_000
_SQUARE = struct.pack(">hhhhh", 1, 100, 0, 900, 800) + struct.pack(
    ">HHBBBB8h", 3, 0, 1, 1, 1, 1, 100, 800, 0, -800, 0, 0, 800, 0
)


def write_font(path: Path, family: str, signs: str) -> None:
    """Write a font in which each of these signs of the first plane is a square."""
    codes = sorted({ord(sign) for sign in signs})
    glyphs = [_SQUARE] * (len(codes) + 1)
    offsets = [len(_SQUARE) * at for at in range(len(glyphs) + 1)]
    tables = {
        b"OS/2": _os2(codes),
        b"cmap": _cmap(codes),
        b"glyf": b"".join(glyphs),
        b"head": _head(),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH",
            *(0x00010000, 800, -200, 0, _ADVANCE, 100, 100, 900, 1, 0, 0, 0, 0, 0, 0, 0),
            len(glyphs),
        ),
        b"hmtx": struct.pack(">Hh", _ADVANCE, 100) * len(glyphs),
        b"loca": struct.pack(f">{len(offsets)}I", *offsets),
        b"maxp": struct.pack(">IH13H", 0x00010000, len(glyphs), 4, 1, *(0, 0, 2), *(0,) * 8),
        b"name": _name(family),
        b"post": struct.pack(">IIhhIIIII", 0x00030000, 0, -100, 50, 0, 0, 0, 0, 0),
    }
    path.write_bytes(_file(tables))


def _file(tables: dict[bytes, bytes]) -> bytes:
    head = struct.pack(">IHHHH", 0x00010000, len(tables), 128, 3, len(tables) * 16 - 128)
    at, listed, body = 12 + 16 * len(tables), b"", b""
    for tag, table in sorted(tables.items()):
        padded = table + b"\0" * (-len(table) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) % 2**32
        listed += tag + struct.pack(">III", total, at + len(body), len(table))
        body += padded
    return head + listed + body


def _head() -> bytes:
    return struct.pack(
        ">IIIIHHqqhhhhHHhhh",
        *(0x00010000, 0x00010000, 0, 0x5F0F3CF5, 3, _UNITS, 0, 0),
        *(100, 0, 900, 800, 0, 8, 2, 1, 0),
    )


def _os2(codes: list[int]) -> bytes:
    return struct.pack(
        ">HhHHHhhhhhhhhhhh10sIIII4sHHHhhhHHIIhhHHH",
        *(4, _ADVANCE, 400, 5, 0, 650, 700, 0, 140, 650, 700, 0, 480, 50, 250, 0, b"\0" * 10),
        *(0, 0, 0, 0, b"TEST", 0x40, codes[0], codes[-1]),
        *(800, -200, 0, 800, 200, 0, 0, 500, 700, 0, 32, 1),
    )


def _cmap(codes: list[int]) -> bytes:
    """Map each sign by a segment of its own (format 4)."""
    segments = [(code, (glyph - code) % 65_536) for glyph, code in enumerate(codes, start=1)]
    segments.append((0xFFFF, 1))
    count = len(segments)
    power = 1 << (count.bit_length() - 1)
    search = (2 * power, power.bit_length() - 1, 2 * (count - power))
    ends = [code for code, _ in segments]
    deltas = [delta for _, delta in segments]
    arrays = struct.pack(f">{count}H", *ends) + b"\0\0" + struct.pack(f">{count}H", *ends)
    arrays += struct.pack(f">{count}H", *deltas) + b"\0\0" * count
    table = struct.pack(">HHHHHHH", 4, 14 + len(arrays), 0, 2 * count, *search) + arrays
    return struct.pack(">HHHHI", 0, 1, 3, 1, 12) + table


def _name(family: str) -> bytes:
    said = {1: family, 2: "Regular", 3: family, 4: family, 5: "1", 6: family.replace(" ", "")}
    records, text = b"", b""
    for number, word in said.items():
        encoded = word.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x409, number, len(encoded), len(text))
        text += encoded
    return struct.pack(">HHH", 0, len(said), 6 + len(records)) + records + text
