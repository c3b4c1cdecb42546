"""The product's Celery application on a queue of a run's own: ``celery -A soak_worker worker``.

Run as a program it is the worker for a broker that reaches no other process: thread and tick in
one, as ``wellspring up`` runs them.
"""

import os
import threading

from service.settings import Settings
from worker.celery_app import EmbeddedWorker, app
from worker.workplace import open_workplace

app.conf.task_default_queue = os.environ.get("SOAK_QUEUE", "wellspring")


def main() -> None:
    """Work until killed."""
    EmbeddedWorker(open_workplace(Settings())).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
