"""Sends what waits, batch by batch, until every sale is answered for good."""

import logging
from collections.abc import Callable, Sequence

from wellspring_client.answers import Answered, ItemAnswer, Stop, TryAgain, TryLess, Verdict, judge
from wellspring_client.backoff import full_jitter
from wellspring_client.counters import Counters
from wellspring_client.dead_letters import DeadLetters
from wellspring_client.fingerprints import NotPrepared
from wellspring_client.transport import NotAnswered, Transport
from wellspring_client.waiting import Batch, Waiting

MOST_BYTES = 5_000_000
_GROWTH = 4
"""The part by which batches grow again after one was too large."""

_log = logging.getLogger("wellspring_client")

Prepare = Callable[[Sequence[bytes]], Sequence[bytes | NotPrepared]]
"""Makes of captured sales what is sent, the same each time: see fingerprints."""


class Sender:
    """One step sends one request.

    ``is_stopped`` once the key was refused; ``asked_seconds``: the wait that the last answer asked.
    """

    def __init__(
        self,
        waiting: Waiting,
        transport: Transport,
        letters: DeadLetters,
        counters: Counters,
        *,
        api_key: str,
        batch_size: int,
        prepare: Prepare | None,
    ) -> None:
        self._waiting = waiting
        self._transport = transport
        self._letters = letters
        self._counters = counters
        self._batch_size = batch_size
        self._most = batch_size
        self._failures = 0
        self._prepare = prepare
        self.api_key = api_key
        self.is_stopped = False
        self.asked_seconds = 0.0

    def step(self) -> float | None:
        """Send the next batch; return seconds to wait before the next step, None: nothing waits.

        What is answered for good is forgotten; all else is sent again by a later step.
        """
        self.asked_seconds = 0.0
        batch = self._waiting.take(most=self._most, most_bytes=MOST_BYTES)
        if batch is None:
            return None
        if not batch.bodies:
            self._finish(batch, ())
            return 0.0
        verdict = self._ask(batch)
        if not isinstance(verdict, TryAgain):
            self._failures = 0
        if isinstance(verdict, Answered):
            self._finish(batch, verdict.items)
            self._most = min(self._batch_size, self._most + max(1, self._most // _GROWTH))
            self._say("sending", None)
            return 0.0
        self._counters.last_error = verdict.reason
        if isinstance(verdict, TryLess):
            return self._less(batch, verdict)
        if isinstance(verdict, Stop):
            return self._stop(verdict)
        return self._again(verdict)

    def _ask(self, batch: Batch) -> Verdict:
        prepared = self._prepare(batch.bodies) if self._prepare else batch.bodies
        sent = [body for body in prepared if isinstance(body, bytes)]
        verdict: Verdict = self._post(sent) if sent else Answered(())
        if not isinstance(verdict, Answered):
            return verdict
        answers = iter(verdict.items)
        return Answered(
            tuple(
                next(answers) if isinstance(one, bytes) else ItemAnswer(one.reason)
                for one in prepared
            )
        )

    def _post(self, bodies: Sequence[bytes]) -> Verdict:
        try:
            answer = self._transport.post(b"[" + b",".join(bodies) + b"]", api_key=self.api_key)
        except NotAnswered as error:
            return TryAgain(str(error))
        return judge(answer.status, answer.headers, answer.content, sent=len(bodies))

    def _finish(self, batch: Batch, items: Sequence[ItemAnswer]) -> None:
        """Count what became of each sale, set aside what was refused, forget the batch."""
        for body, item in zip(batch.bodies, items, strict=True):
            if item.is_stored:
                self._counters.add(accepted=1, duplicates=item.outcome == "duplicate")
            else:
                is_conflict = item.outcome == "conflict"
                self._letters.add(body, item.outcome, item.errors)
                self._counters.add(**{"conflicts" if is_conflict else "refused": 1})
        for line in batch.damaged:
            self._letters.add(line, "damaged: the checksum of a spooled line is wrong")
            self._counters.add(damaged=1)
        self._waiting.settle(batch)

    def _less(self, batch: Batch, verdict: TryLess) -> float:
        count = len(batch.bodies)
        if count > 1:
            self._most = count // 2
            return 0.0
        self._finish(batch, (ItemAnswer(verdict.reason),))
        return 0.0

    def _stop(self, verdict: Stop) -> float:
        self.is_stopped = True
        self._say(f"stopped: {verdict.reason}", verdict.reason)
        _log.error("the key is refused (%s): nothing is sent, sales are kept", verdict.reason)
        return 0.0

    def _again(self, verdict: TryAgain) -> float:
        self._failures += 1
        self.asked_seconds = verdict.wait_seconds or 0.0
        self._counters.add(retries=1)
        wait = full_jitter(self._failures, at_least=verdict.wait_seconds)
        level = logging.WARNING if self._failures > 1 else logging.INFO
        _log.log(level, "sales will be sent again in %.1f s: %s", wait, verdict.reason)
        self._say("waiting", verdict.reason)
        return wait

    def _say(self, state: str, error: str | None) -> None:
        self._counters.state = state
        self._counters.last_error = error

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()
