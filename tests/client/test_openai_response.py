"""Answers of OpenAI-compatible APIs, as objects, as JSON and as streams put together."""

from types import SimpleNamespace

import pytest

from wellspring_client.openai_response import Generated, generated


def an_object(value):
    """Return decoded JSON as a client's objects show it."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: an_object(inner) for name, inner in value.items()})
    return [an_object(inner) for inner in value] if isinstance(value, list) else value


def chat(*messages, tokens=5):
    choices = [{"index": at, "message": message} for at, message in enumerate(messages)]
    return {"model": "tide", "choices": choices, "usage": {"completion_tokens": tokens}}


def said(content):
    return {"role": "assistant", "content": content}


TEXT_AND_IMAGE = [
    {"type": "text", "text": "Ode"},
    {"type": "image_url", "image_url": {"url": "x"}},
    {"type": "text", "text": "Coda"},
]
CALL = {"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": "{}"}}]}
SPOKEN = {"role": "assistant", "content": None, "audio": {"transcript": "Aloud", "data": "AA=="}}
REFUSED = {"role": "assistant", "content": None, "refusal": "I cannot."}
REVERSED = {"model": "m", "choices": [chat(said("a"), said("b"))["choices"][at] for at in (1, 0)]}
RESPONSES = {
    "model": "tide",
    "output": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hidden"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "Ode"}]},
        {"type": "function_call", "arguments": "{}"},
        {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]},
    ],
    "usage": {"input_tokens": 3, "output_tokens": 8},
}

CASES = {
    "one choice": (chat(said("Ode")), Generated("Ode", 5, None, "tide")),
    "several choices": (chat(said("Ode"), said("Song")), Generated("Ode\n\nSong", 5, None, "tide")),
    "choices out of order": (REVERSED, Generated("a\n\nb", None, None, "m")),
    "parts": (chat(said(TEXT_AND_IMAGE)), Generated("Ode\n\nCoda", 5, None, "tide")),
    "a call of a tool": (chat(CALL), Generated(None, 5, None, "tide")),
    "text beside a call": (
        chat(said("Ode") | CALL | said("Ode")),
        Generated("Ode", 5, None, "tide"),
    ),
    "a refusal": (chat(REFUSED), Generated("I cannot.", 5, None, "tide")),
    "sound": (chat(SPOKEN), Generated("Aloud", 5, None, "tide")),
    "an empty text": (chat(said("")), Generated(None, 5, None, "tide")),
    "a blank text": (chat(said(" \n"), said("Ode")), Generated("Ode", 5, None, "tide")),
    "no tokens": (chat(said("Ode"), tokens=0), Generated("Ode", 0, None, "tide")),
    "a plain completion": (
        {"model": "m", "choices": [{"index": 0, "text": "Ode"}], "usage": None},
        Generated("Ode", None, None, "m"),
    ),
    "the Responses API": (RESPONSES, Generated("Ode\n\nNo.", 8, 3, "tide")),
    "nothing of the kind": ({"error": "overloaded"}, Generated(None, None, None, None)),
}


@pytest.mark.parametrize("form", [dict, an_object], ids=["JSON", "objects"])
@pytest.mark.parametrize(("response", "expected"), CASES.values(), ids=CASES)
def test_text_tokens_and_model_of_an_answer(response, expected, form):
    assert generated(form(response)) == expected


def delta(index=0, **said_):
    return {"model": "tide", "choices": [{"index": index, "delta": said_}]}


STREAMS = {
    "content": (
        [
            delta(role="assistant"),
            delta(content="The "),
            delta(content="tide"),
            delta(content=None),
        ],
        Generated("The tide", None, None, "tide"),
    ),
    "usage in the last chunk": (
        [
            delta(content="Ode"),
            {
                "model": "tide-2",
                "choices": [],
                "usage": {"completion_tokens": 2, "prompt_tokens": 9},
            },
        ],
        Generated("Ode", 2, 9, "tide-2"),
    ),
    "two choices in turn": (
        [
            delta(1, content="So"),
            delta(0, content="O"),
            delta(1, content="ng"),
            delta(content="de"),
        ],
        Generated("Ode\n\nSong", None, None, "tide"),
    ),
    "a refusal": (
        [delta(refusal="I "), delta(refusal="cannot.")],
        Generated("I cannot.", None, None, "tide"),
    ),
    "a call of a tool": ([delta(tool_calls=[{"index": 0}])], Generated(None, None, None, "tide")),
    "plain completions": (
        [{"model": "m", "choices": [{"index": 0, "text": text}]} for text in ("O", "de")],
        Generated("Ode", None, None, "m"),
    ),
    "events of the Responses API": (
        [
            {"type": "response.output_text.delta", "delta": "Ode"},
            {"type": "response.completed", "response": RESPONSES},
        ],
        Generated("Ode\n\nNo.", 8, 3, "tide"),
    ),
    "nothing": ([], Generated(None, None, None, None)),
}


@pytest.mark.parametrize("form", [list, an_object], ids=["JSON", "objects"])
@pytest.mark.parametrize(("chunks", "expected"), STREAMS.values(), ids=STREAMS)
def test_a_stream_is_put_together(chunks, expected, form):
    assert generated(form(chunks)) == expected
