"""Reports every call of LiteLLM, of its SDK or its proxy: with the extra ``litellm``.

``callbacks: ["wellspring_client.litellm.handler"]`` in a proxy's configuration, or
``litellm.callbacks = [wellspring_client.litellm.handler]``.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping

from litellm.integrations.custom_logger import CustomLogger

from wellspring_client.client import Client
from wellspring_client.litellm_call import Call, call_of
from wellspring_client.settings import from_environment

_REMEMBERED = 10_000

_log = logging.getLogger("wellspring_client")


class WellspringLogger(CustomLogger):
    """A callback that records each call once, as it succeeds; streams when they have ended.

    client: one of the environment unless given. tier: of calls
    without a tag ``tier:NAME``; else WELLSPRING_TIER, else the server decides.
    """

    def __init__(self, client: Client | None = None, *, tier: str | None = None) -> None:
        super().__init__()
        self.client = client or Client()
        self._tier = tier or from_environment("TIER") or None
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def log_success_event(
        self,
        kwargs: Mapping[str, object],
        response_obj: object,  # noqa: ARG002 - LiteLLM's signature, here and below
        start_time: object,  # noqa: ARG002
        end_time: object,  # noqa: ARG002
    ) -> None:
        """Record a call of the synchronous functions."""
        self._record(kwargs)

    async def async_log_success_event(
        self,
        kwargs: Mapping[str, object],
        response_obj: object,  # noqa: ARG002 - LiteLLM's signature, here and below
        start_time: object,  # noqa: ARG002
        end_time: object,  # noqa: ARG002
    ) -> None:
        """Record a call of the asynchronous functions and of the proxy."""
        self._record(kwargs)

    def _record(self, kwargs: Mapping[str, object]) -> None:
        """Record a call; what is logged of a stream that goes on has no payload yet."""
        try:
            payload = kwargs.get("standard_logging_object")
            call = call_of(payload) if isinstance(payload, Mapping) else None
            if call is not None and self._is_new(call):
                self.client.record(
                    id=call.id,
                    tier=call.tier or self._tier,
                    output_tokens=call.output_tokens,
                    input_tokens=call.input_tokens,
                    text=call.text,
                    model=call.model,
                    sold_at=call.sold_at,
                )
        except Exception:  # noqa: BLE001 - nothing is raised into the caller
            _log.exception("a call of LiteLLM could not be recorded")

    def _is_new(self, call: Call) -> bool:
        """Whether the call was not logged before: LiteLLM may tell of one several times."""
        if call.id is None:
            return True
        with self._lock:
            if call.id in self._seen:
                return False
            self._seen[call.id] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return True


_making = threading.Lock()


def __getattr__(name: str) -> WellspringLogger:
    """Make ``handler`` when it is first asked for; raise ValueError where the key is missing."""
    if name != "handler":
        raise AttributeError(name)
    with _making:
        if "handler" not in globals():
            globals()["handler"] = WellspringLogger()
        made: WellspringLogger = globals()["handler"]
    return made
