"""The text of what a model said, as chat APIs and telemetry shape it: choices, parts, messages.

One rule for all shapes. Text is what the reader of the answer is given: ``content`` as a string,
parts of the kind ``text``, and the words of an answer that was refused or spoken. Calls of tools,
reasoning, images and sound are tokens that were sold, but no text. Parts and choices follow in
their order, with an empty line between two.
"""

from collections.abc import Iterator, Mapping, Sequence

from service.api.formats.said import is_one_of

_BETWEEN = "\n\n"
_TEXT_KINDS = frozenset({"text", "output_text", "input_text"})
_TOLD_AS = ("content", "text")


def text_of_choices(choices: Sequence[object]) -> str | None:
    """Return the text of an answer's choices, in order of their index; None without any."""
    ordered = sorted(choices, key=_index)
    return _joined(text for one in ordered for text in _of_choice(one))


def text_of_messages(messages: Sequence[object]) -> str | None:
    """Return the text of messages in their order; None without any."""
    return _joined(text for one in messages for text in _of_message(one))


def _index(choice: object) -> int:
    index = choice.get("index") if isinstance(choice, Mapping) else None
    return index if isinstance(index, int) else 0


def _of_choice(choice: object) -> Iterator[str]:
    if not isinstance(choice, Mapping):
        return
    if choice.get("message") is None:
        yield from _strings(choice.get("text"))
    else:
        yield from _of_message(choice["message"])


def _of_message(message: object) -> Iterator[str]:
    if isinstance(message, str):
        yield message
    if not isinstance(message, Mapping):
        return
    for name in ("parts", "content"):
        yield from _of_parts(message.get(name))
    yield from _strings(message.get("refusal"))
    audio = message.get("audio")
    if isinstance(audio, Mapping):
        yield from _strings(audio.get("transcript"))


def _of_parts(parts: object) -> Iterator[str]:
    if isinstance(parts, str):
        yield parts
    elif isinstance(parts, list):
        for part in parts:
            yield from _of_part(part)


def _of_part(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping) and is_one_of(part.get("type"), _TEXT_KINDS):
        for name in _TOLD_AS:
            yield from _strings(part.get(name))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value


def _joined(texts: Iterator[str]) -> str | None:
    """Join what is not blank; a text of nothing is none."""
    return _BETWEEN.join(text for text in texts if text.strip()) or None
