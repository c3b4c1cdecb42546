"""A vendor's program in a process of its own: it records sales, says so, and is killed."""

import json
import os
import signal
import sys
from contextlib import suppress


def main(task, *facts):
    from wellspring_client import Client

    settings = json.loads(facts[0])
    client = Client(settings.pop("api_key"), settings.pop("base_url"), **settings)
    TASKS[task](client, *facts[1:])


def sold(client, name):
    """Record a sale and say it once ``record`` has returned."""
    text = f"The tide {name} keeps no ledger. " * 40
    assert client.record(id=name, tier="free", text=text, output_tokens=7) == name
    os.write(1, f"{name}\n".encode())  # whole, beside what other processes say


def records_and_dies(client, prefix, count):
    for n in range(int(count)):
        sold(client, f"{prefix}{n:04}")
    os.kill(os.getpid(), signal.SIGKILL)


def records_until_killed(client, prefix):
    n = 0
    while True:
        sold(client, f"{prefix}{n:04}")
        n += 1


def records_and_ends(client, prefix, count):
    """End as programs do, without closing anything."""
    for n in range(int(count)):
        sold(client, f"{prefix}{n:04}")


def records_waits_and_ends(client, prefix, count):
    records_and_ends(client, prefix, count)
    assert client.flush(60)
    assert client.stats().accepted >= int(count)


def forks(client, prefix, count):
    """Record before and after a fork, in the parent and in two children."""
    sold(client, f"{prefix}before")
    children = []
    for child in ("a", "b"):
        number = os.fork()
        if not number:
            with suppress(BaseException):
                for n in range(int(count)):
                    sold(client, f"{prefix}{child}{n:04}")
                stats = client.stats()
                flushed = client.flush(60)
                os._exit(0 if flushed and stats.recorded == int(count) else 1)
            os._exit(2)
        children.append(number)
    for n in range(int(count)):
        sold(client, f"{prefix}p{n:04}")
    assert client.flush(60)
    assert client.stats().recorded == int(count) + 1
    assert [os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in children] == [0, 0]


def is_killed_beside_its_child(client, prefix, count):
    """Record, fork, and be killed while the child lives on until its input ends."""
    records_and_ends(client, prefix, count)
    if not os.fork():
        with suppress(BaseException):
            sys.stdin.read()
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)


def works_in_a_pool(client, prefix, count):
    """Record in workers of multiprocessing, which end without running what is at exit."""
    import multiprocessing

    global _CLIENT  # noqa: PLW0603 - what fork hands to the workers
    _CLIENT = client
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(_sell, [f"{prefix}{n:04}" for n in range(int(count))])
        pool.close()
        pool.join()


def _sell(name):
    sold(_CLIENT, name)


_CLIENT = None
TASKS = {
    one.__name__: one
    for one in (
        records_and_dies,
        records_until_killed,
        records_and_ends,
        records_waits_and_ends,
        forks,
        is_killed_beside_its_child,
        works_in_a_pool,
    )
}

if __name__ == "__main__":
    main(*sys.argv[1:])
