"""What a sale needs of the answer of an OpenAI-compatible API: its text, tokens and model.

Taken are chat completions, completions and responses, as objects of any client or as decoded JSON,
and streams of them collected in a list. The rule for text is that of the server's own formats: what
the reader of the answer is given, so text parts, refusals and what was spoken, choices in the order
of their index, with an empty line between two. Calls of tools, reasoning, images and sound are
tokens that were sold, but no text.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_BETWEEN = "\n\n"
_TEXT_PARTS = ("text", "output_text", "refusal")
_ENDED = ("response.completed", "response.incomplete")


@dataclass(frozen=True, slots=True)
class Generated:
    """What was generated. Tokens: as the API counted them, None where it did not say."""

    text: str | None
    output_tokens: int | None
    input_tokens: int | None
    model: str | None


def generated(response: object) -> Generated:
    """Read a response, or the list of a stream's chunks or events in their order."""
    if isinstance(response, list | tuple):
        return _collected(response)
    return Generated(_joined(_texts(response)), *_tokens(response), _model(response))


def _collected(chunks: Iterable[object]) -> Generated:
    """Put a stream together: usage and model are of the last chunk that has them."""
    said: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    tokens: tuple[int | None, int | None] = (None, None)
    model = None
    for chunk in chunks:
        whole = _get(chunk, "response")
        if _get(chunk, "type") in _ENDED and whole is not None:
            return generated(whole)
        for choice in _list(_get(chunk, "choices")):
            for kind, text in _pieces(choice):
                said[_index(choice), kind].append(text)
        tokens = tokens if _get(chunk, "usage") is None else _tokens(chunk)
        model = _model(chunk) or model
    texts = ("".join(said[place]) for place in sorted(said))
    return Generated(_joined(texts), *tokens, model)


def _pieces(choice: object) -> Iterator[tuple[str, str]]:
    """Yield what a chunk adds to a choice, by the part of the message it adds to."""
    delta = _get(choice, "delta")
    for kind, text in (
        ("content", _get(choice, "text")),
        ("content", _get(delta, "content")),
        ("refusal", _get(delta, "refusal")),
        ("spoken", _get(_get(delta, "audio"), "transcript")),
    ):
        if isinstance(text, str):
            yield kind, text


def _texts(response: object) -> Iterator[object]:
    for choice in sorted(_list(_get(response, "choices")), key=_index):
        message = _get(choice, "message")
        yield _get(choice, "text")
        yield from _parts(_get(message, "content"))
        yield _get(message, "refusal")
        yield _get(_get(message, "audio"), "transcript")
    for item in _list(_get(response, "output")):
        if _get(item, "type") == "message":
            yield from _parts(_get(item, "content"))


def _parts(content: object) -> Iterator[object]:
    if isinstance(content, str):
        yield content
    for part in _list(content):
        if _get(part, "type") in _TEXT_PARTS:
            yield _get(part, "text") or _get(part, "refusal")


def _joined(texts: Iterable[object]) -> str | None:
    """Join what is text and not blank; None without any."""
    kept = [text for text in texts if isinstance(text, str) and text.strip()]
    return _BETWEEN.join(kept) or None


def _tokens(response: object) -> tuple[int | None, int | None]:
    """Return output and input tokens, as chat or the Responses API call them."""
    usage = _get(response, "usage")
    return (
        _count(usage, "completion_tokens", "output_tokens"),
        _count(usage, "prompt_tokens", "input_tokens"),
    )


def _count(usage: object, *names: str) -> int | None:
    for name in names:
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
