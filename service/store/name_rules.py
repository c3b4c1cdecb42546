"""Names and logins as they look: what is drawn alike is folded to one, so nobody poses as another.

The letters are the commonest of Unicode's confusables (TR 39) of scripts that names are written in.
"""

# ruff: noqa: RUF001  # letters that can be confused are what this module is made of

import unicodedata

from service.store.text_rules import BadText, check_text

_PAIRS = (
    "аa вb еe ѕs іi јj кk мm нh оo рp сc тt уy хx һh ԁd ԛq ԝw ѵv ӏl гr ьb үy ҽe ёë їï "
    "αa βb γy εe ηn ιi κk νv οo ρp τt υu χx ωw ςc σo ϳj όó άá έé ίí ύú "
    "օo սu ոn հh ցg զq յj քp ɑa ɡg ɩi ıi ȷj ᴀa ʙb ᴄc ᴅd ᴇe ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ᴛt ᴜu "
    "ᴠv ᴡw ʏy ᴢz"
)
_LATIN_OF = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
_DRAWN_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l"})
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def as_written(text: str) -> str:
    """Return a name in its normal form: composed, without what cannot be seen, single blanks."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(sign for sign in composed if _is_seen(sign)).split())


def look_of(text: str) -> str:
    """Return what all texts that are drawn like this one have in common; for comparing only.

    Compatibility forms, case, invisible signs and letters of other scripts that pass for Latin ones
    are folded, and 0 with o, 1 and i with l.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    latin = "".join(_LATIN_OF.get(ord(sign), sign) for sign in folded if _is_seen(sign))
    return unicodedata.normalize("NFC", " ".join(latin.split())).translate(_DRAWN_ALIKE)


def checked_name(text: str, *, place: str) -> str:
    """Return the name to show of somebody, in its normal form; raise BadText."""
    check_text(text, place=place, max_chars=200)
    if any(sign in _TURNING for sign in text):
        raise BadText(place, "must not turn the direction of what stands beside it")
    if any(unicodedata.category(sign) in {"Cc", "Co", "Cn"} for sign in text.strip()):
        raise BadText(place, "must not have control characters")
    name = as_written(text)
    if not any(unicodedata.category(sign)[0] in "LN" for sign in name):
        raise BadText(place, "must have a letter or digit that can be seen")
    return name


def _is_seen(sign: str) -> bool:
    return sign not in _UNSEEN and (
        unicodedata.category(sign) != "Cf" and not 0xFE00 <= ord(sign) <= 0xFE0F  # noqa: PLR2004
    )
