"""What a sale needs of the answer of an OpenAI-compatible API: its text, tokens and model.

Taken are chat completions, completions and responses, as objects of any client or as decoded JSON,
and streams of them collected in a list. The text of several choices is joined by an empty line, in
the order of their index. Text parts and refusals are text; reasoning, tool calls and parts of
other kinds are not, though the tokens count them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_JOINT = "\n\n"
_TEXT_PARTS = ("text", "output_text", "refusal")


@dataclass(frozen=True, slots=True)
class Generated:
    """What was generated. output_tokens: as the API counted them, None where it did not say."""

    text: str | None
    output_tokens: int | None
    model: str | None


def generated(response: object) -> Generated:
    """Read a response, or the list of a stream's chunks or events in their order."""
    if isinstance(response, list | tuple):
        return _collected(response)
    return Generated(_JOINT.join(_texts(response)) or None, _tokens(response), _model(response))


def _collected(chunks: Iterable[object]) -> Generated:
    """Put a stream together: usage and model are of the last chunk that has them."""
    texts: defaultdict[int, list[str]] = defaultdict(list)
    tokens, model = None, None
    for chunk in chunks:
        whole = _get(chunk, "response")
        if _get(chunk, "type") in {"response.completed", "response.incomplete"} and whole:
            return generated(whole)
        for choice in _list(_get(chunk, "choices")):
            texts[_index(choice)] += _choice_texts(choice)
        known = _tokens(chunk)
        tokens = tokens if known is None else known
        model = _model(chunk) or model
    joined = ("".join(texts[index]) for index in sorted(texts))
    return Generated(_JOINT.join(text for text in joined if text) or None, tokens, model)


def _texts(response: object) -> Iterator[str]:
    choices = sorted(_list(_get(response, "choices")), key=_index)
    for choice in choices:
        text = "".join(_choice_texts(choice))
        if text:
            yield text
    for item in _list(_get(response, "output")):
        text = "".join(_content_texts(_get(item, "content")))
        if text and _get(item, "type") == "message":
            yield text


def _choice_texts(choice: object) -> list[str]:
    said = _get(choice, "text")
    if isinstance(said, str):
        return [said]
    message = _get(choice, "delta") or _get(choice, "message")
    texts = _content_texts(_get(message, "content"))
    refusal = _get(message, "refusal")
    return [*texts, refusal] if isinstance(refusal, str) else texts


def _content_texts(content: object) -> list[str]:
    if isinstance(content, str):
        return [content]
    parts = [part for part in _list(content) if _get(part, "type") in _TEXT_PARTS]
    texts = [_get(part, "text") or _get(part, "refusal") for part in parts]
    return [text for text in texts if isinstance(text, str)]


def _tokens(response: object) -> int | None:
    usage = _get(response, "usage")
    for name in ("completion_tokens", "output_tokens"):
        count = _get(usage, name)
        if isinstance(count, int) and not isinstance(count, bool):
            return count
    return None


def _model(response: object) -> str | None:
    model = _get(response, "model")
    return model if isinstance(model, str) and model else None


def _index(choice: object) -> int:
    index = _get(choice, "index")
    return index if isinstance(index, int) else 0


def _get(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
