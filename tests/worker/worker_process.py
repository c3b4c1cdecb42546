"""Workers in processes of their own: one that serves, and one that dies at a step by SIGKILL."""

import atexit
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def dies(url, home, task, step, turns=1):
    """Let a process work until it is killed at a step; fail if it never comes there.

    step: like ``service.store.journal:append``; it dies as that returns, before the commit.
    """
    nursery = _nursery()
    print(json.dumps([url, str(home), task, step, str(turns)]), file=nursery.stdin, flush=True)
    assert json.loads(nursery.stdout.readline()) == -signal.SIGKILL, f"{step} was not reached"


@cache
def _nursery():
    """Start the process that processes which die are forked from: it has read all modules."""
    command = [sys.executable, __file__, "nursery"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, **pipes)
    atexit.register(process.communicate)
    return process


def _raise_children():
    """Fork one child a line, tell how each ended. Nothing is connected or started before a fork.

    Read before are only modules that call steps by their module's name, where a failpoint is put.
    """
    import worker.drain
    import worker.payouts
    import worker.workplace  # noqa: F401 - read once for all children

    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(2, 1)
            try:
                _main(*json.loads(line))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - what is waited for


@contextmanager
def serves(url, home, *, broker="memory://", queue="wellspring"):
    """Lend a worker with its tick, as an installation runs it; what it logged is in ``said``."""
    log = Path(home) / f"worker-{os.getpid()}-{monotonic()}.log"
    with log.open("w") as to:
        process = subprocess.Popen(
            [*_command(url, home, "serve"), queue],
            stdin=subprocess.PIPE,
            stdout=to,
            stderr=subprocess.STDOUT,
            env=os.environ | {"WELLSPRING_BROKER_URL": broker},
        )
        process.said = log.read_text
        try:
            yield process
        finally:
            process.communicate(timeout=60)


def waits_until(holds, *, seconds=90):
    """Return whether something comes to hold in time."""
    until = monotonic() + seconds
    while not (held := holds()) and monotonic() < until:
        sleep(0.1)
    return held


def _command(url, home, task):
    return [sys.executable, __file__, url, str(home), task]


def _deadly(step, turns):
    """Put the failpoint: the step kills this process as it returns for the n-th time."""
    module, _, name = step.partition(":")
    where, left = import_module(module), [turns]
    real = getattr(where, name)

    def done(*arguments, **named):
        result = real(*arguments, **named)
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(where, name, done)


def _serve(place, queue):
    from worker.celery_app import EmbeddedWorker, app

    app.conf.task_default_queue = queue
    worker = EmbeddedWorker(place)
    worker.start()
    sys.stdin.read()
    worker.stop()


def reports(url, home, key, *, broker, count):
    """Let a web process take sales while its broker is one; return status and seconds of each."""
    told = subprocess.run(
        [*_command(url, home, "report"), key, str(count)],
        env=os.environ | {"WELLSPRING_BROKER_URL": broker},
        check=True,
        capture_output=True,
        timeout=120,
    )
    return json.loads(told.stdout.splitlines()[-1])


def _report(place, key, count):
    from fastapi.testclient import TestClient

    from worker.celery_app import CeleryDoorbell
    from worker.web import create_app

    client = TestClient(create_app(place, CeleryDoorbell()))
    client.headers["Authorization"] = f"Bearer {key}"
    told = []
    for n in range(int(count)):
        started = monotonic()
        item = {"id": f"s{n}", "sold_at": "2026-01-20T00:00:00Z", "tier": "elite"}
        answer = client.post("/v1/sales", json=item | {"output_tokens": 5})
        told.append((answer.status_code, monotonic() - started))
    print(json.dumps(told), flush=True)  # noqa: T201 - what the caller reads
    os._exit(0)  # the doorbell still waits for the broker


def pays(database):
    """Reserve January's payouts, two statements a commit, and take each to its end."""
    from service.ledger.payout import PayoutOutOfOrder, PayoutState
    from service.ledger.period import Period
    from service.store import payouts as stored
    from service.store.database import unit_of_work
    from worker import drain, payouts

    payouts.STATEMENTS_A_STEP = 2
    facts = {"by": "op", "now": NOW}
    payouts.reserve(database, Period(202601), progress=drain.silent, **facts)
    with unit_of_work(database) as session:
        found = [one.payout_id for one in stored.listing(session)]
    for number in found:
        for state in (PayoutState.SENT, PayoutState.CONFIRMED):
            with suppress(PayoutOutOfOrder):  # one that was confirmed before the kill
                payouts.step(database, number, state, reference="bank", **facts)


def renders(database, home, *, workers=1):
    """Write January's statements as CSV and PDF under ``home``, two documents a commit."""
    from service.documents.statement_forms import Form
    from service.ledger.period import Period
    from worker import drain, rendering

    rendering.DOCUMENTS_A_CLAIM = 2
    desk = rendering.Desk(0, (Form.PDF, Form.CSV), "", Path(home) / "statements", None)
    month, facts = Period(202601), {"progress": drain.silent}
    desk = rendering.begin(database, month, desk, now=NOW, **facts)
    stands = rendering.write_all(database, desk, workers=workers, clock=lambda: NOW, **facts)
    return stands, rendering.write_manifest(database, month, desk)


def mails(database, home, port):
    """Deliver all letters that are due to a mail server of the loopback."""
    from worker.outbox.delivery import Outbox, deliver_all
    from worker.outbox.mail_server import SmtpServer

    server = SmtpServer("127.0.0.1", int(port), False, "", "")  # noqa: FBT003
    outbox = Outbox(Path(home) / "outbox", "statements@example.org", server)
    deliver_all(database, outbox, clock=lambda: NOW)


def notifies(database, home):
    """Deliver all webhooks that are due, to the loopback."""
    from service.settings import Settings
    from worker.outbox.webhooks import deliver_all, post_of

    settings = Settings(home=Path(home), webhook_networks="127.0.0.0/8")
    deliver_all(database, post_of(settings), clock=lambda: NOW)


def _main(url, home, task, *facts):
    from word_room import WordRoom

    from service.settings import Settings
    from service.store.database import Database
    from worker import drain, settlement
    from worker.workplace import Workplace

    settlement.MOST_SALES = 20
    database = Database.connect(url)
    place = Workplace(Settings(home=Path(home)), database, WordRoom(database), lambda: NOW)
    if task == "serve":
        return _serve(place, *facts)
    if task == "report":
        return _report(place, *facts)
    _deadly(facts[0], int(facts[1]))
    if task == "pay":
        pays(database)
    if task.startswith("mail:"):
        mails(database, home, task.partition(":")[2])
    if task == "notify":
        notifies(database, home)
    if task == "render":
        renders(database, home)
    if task == "settle":
        while settlement.settle_batch(database, now=NOW):
            pass
    drain.drain(place)
    drain.finish_closing(place, drain.silent)
    return None


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    if sys.argv[1:] == ["nursery"]:
        from word_room import WordRoom  # noqa: F401 - as above

        _raise_children()
    else:
        _main(*sys.argv[1:])
