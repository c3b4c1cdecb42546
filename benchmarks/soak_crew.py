"""What a kill run strikes: worker processes, the database's server and the broker's queue."""

import os
import random
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

PRODUCTION = ("amqp://guest:guest@127.0.0.1:5672//", "redis://127.0.0.1:6379/9")
MEMORY = "memory://"
_HERE = Path(__file__).parent
_PURGE_SECONDS = 3.0


def answering_broker() -> str:
    """Return BROKER, or the first of this machine's brokers that answers, or ``memory://``."""
    from kombu import Connection

    given = os.environ.get("BROKER")
    for url in (given,) if given else PRODUCTION:
        try:
            with Connection(url, connect_timeout=2) as connection:
                connection.ensure_connection(max_retries=1, timeout=2)
        except Exception as error:  # noqa: BLE001 - any transport's error: it does not answer
            sys.stderr.write(f"{url.split('@')[-1]} does not answer: {type(error).__name__}\n")
        else:
            return url
    return MEMORY


@dataclass
class Queue:
    """A queue of this run's own on a broker; the application rings one for all its life."""

    url: str
    name: str = field(default_factory=lambda: f"ws-soak-{secrets.token_hex(4)}")

    @property
    def is_shared(self) -> bool:
        """Whether it reaches other processes."""
        return self.url != MEMORY

    def open(self) -> None:
        """Let this process's rings go there. Before the application is imported first."""
        os.environ |= {"WELLSPRING_BROKER_URL": self.url, "SOAK_QUEUE": self.name}
        if self.is_shared:
            import soak_worker

            soak_worker.app.conf.task_default_queue = self.name

    def ring(self) -> None:
        """Ring the workers, as whoever stored something does."""
        if self.is_shared:
            from worker import celery_app

            celery_app.ring(celery_app.embed, celery_app.attribute, celery_app.settle)

    def empty(self) -> int:
        """Throw away all that lies in it, and again until something was lost; return how much."""
        lost, until = 0, time.monotonic() + _PURGE_SECONDS
        while not lost and time.monotonic() < until:
            lost = self._purge()
        return lost

    def remove(self) -> None:
        """Take the queue, and the exchange of its name, off the broker."""
        if not self.is_shared:
            return
        from worker.celery_app import app

        with app.connection_for_write() as connection, connection.channel() as channel:
            queue = app.amqp.queues[self.name].bind(channel)
            queue.declare()  # Redis knows on a channel what was declared on it
            queue.delete()
            queue.exchange.bind(channel).delete()

    def _purge(self) -> int:
        from worker.celery_app import app

        with app.connection_for_write() as connection, connection.channel() as channel:
            return int(channel.queue_purge(self.name) or 0)


@dataclass
class Crew:
    """Worker processes as in production, started anew when they die, and the beat that ticks."""

    queue: Queue
    size: int
    environment: dict[str, str]
    log: Path
    running: list[subprocess.Popen] = field(default_factory=list)
    beat: subprocess.Popen | None = None
    started: int = 0

    def fill(self) -> None:
        """Start workers, and the beat, until there are enough."""
        self.running = [one for one in self.running if one.poll() is None]
        while len(self.running) < self.size:
            self.started += 1
            name = f"soak{self.started}@%h"
            worker = ["worker", "--pool", "threads", "--concurrency", "2", "--loglevel", "WARNING"]
            self.running.append(self._start(*worker, "--hostname", name))
        if self.queue.is_shared and (self.beat is None or self.beat.poll() is not None):
            self.beat = self._start("beat", "--schedule", str(self.log.with_name("beat")))

    def _start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, str(_HERE / "soak_worker.py")]
        if self.queue.is_shared:
            command = [sys.executable, "-m", "celery", "-A", "soak_worker", *arguments]
        path = os.pathsep.join([str(_HERE), str(_HERE.parent)])
        with self.log.open("ab") as log:
            return self._child(command, self.environment | {"PYTHONPATH": path}, log)

    @staticmethod
    def _child(command: list[str], environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def kill_one(self, rng: random.Random) -> None:
        """SIGKILL a worker drawn at random."""
        one = rng.choice(self.running)
        one.kill()
        one.wait()

    def end(self) -> None:
        """Kill all of them."""
        for one in [*self.running, *([self.beat] if self.beat else [])]:
            one.kill()
            one.wait()


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The embedded server of a home, stopped and started from outside."""

    folder: Path

    @classmethod
    def of(cls, home: Path) -> "Postmaster":
        """Find the server of a home."""
        return cls((home / "postgres").resolve())

    def crash(self) -> None:
        """End it as a power cut would, with whatever was under way; start it again."""
        self._control("restart", "-m", "immediate", "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """Stop it for good."""
        self._control("stop", "-m", "fast")

    def _control(self, *arguments: str) -> None:
        pid = int((self.folder / "postmaster.pid").read_text(encoding="ascii").split()[0])
        program = Path(psutil.Process(pid).exe()).with_name("pg_ctl")
        owner = self.folder.stat().st_uid  # the server refuses to run as root
        subprocess.run(
            [program, "-D", self.folder, "-w", "-t", "120", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            user=owner if os.geteuid() == 0 else None,
        )
