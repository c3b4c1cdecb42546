"""A worker process, and how it dies: by SIGKILL once a step was done so many times."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

LAST_WORDS = -signal.SIGKILL
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def command(url, home, task, step="", turns=1):
    """Return the command of a process that does a task; without a step it lives.

    step: like ``service.store.journal:append``; it dies as that returns, before the commit.
    """
    return [sys.executable, __file__, url, str(home), task, step, str(turns)]


def dies(url, home, task, step, turns=1):
    """Let a process work until it is killed at a step; fail if it never comes there."""
    ended = subprocess.run(command(url, home, task, step, turns), check=False)
    assert ended.returncode == LAST_WORDS, f"{step} was not reached"


def deadly(step, turns):
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


def _main(url, home, task, step, turns):
    from conftest import WordRoom

    from service.settings import Settings
    from service.store.database import Database
    from worker import drain, settlement
    from worker.workplace import Workplace

    settlement.MOST_SALES = 20
    if step:
        deadly(step, int(turns))
    database = Database.connect(url)
    place = Workplace(Settings(home=Path(home)), database, WordRoom(database), lambda: NOW)
    if task == "settle":
        while settlement.settle_batch(database, now=NOW):
            pass
    else:
        drain.drain(place)
        drain.finish_closing(place, drain.silent)
    place.database.close()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    _main(*sys.argv[1:])
