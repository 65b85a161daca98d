"""Processes that do the work, so that a request that runs too long can be stopped for good.

A thread cannot be stopped, a process can. Two of them stand by; one that is stopped, or dies, is
replaced at once.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from matcalc.web.limits import LIMITS

STARTING = 60  # seconds that a new process may take to import everything
_CONTEXT = multiprocessing.get_context("spawn")  # nothing of the server is inherited


class Busy(Exception):
    """Too many requests are waiting already."""


class Worker:
    """One process and the pipe to it."""

    def __init__(self) -> None:
        self.pipe, child = _CONTEXT.Pipe()
        self.process = _CONTEXT.Process(target=_work, args=(child,), daemon=True)
        self.process.start()
        child.close()
        self.ready = False

    def ask(self, task: str, given: Mapping[str, Any], seconds: float) -> dict[str, Any] | None:
        """The answer; None if there was none in time, and then the process is gone."""
        try:
            if not self.ready:
                if not self.pipe.poll(STARTING):
                    raise EOFError
                self.pipe.recv()
                self.ready = True
            self.pipe.send((task, dict(given)))
            if self.pipe.poll(seconds):
                return self.pipe.recv()
        except (EOFError, OSError):
            pass
        self.stop()
        return None

    def stop(self) -> None:
        """End the process, now."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Workers:
    """A few workers, and a queue that does not grow without end."""

    def __init__(self, count: int = 2, seconds: float = 10) -> None:
        self.seconds = seconds
        self.idle: queue.Queue[Worker] = queue.Queue()
        self.all = [Worker() for _ in range(count)]
        self.waiting = 0
        for worker in self.all:
            self.idle.put(worker)

    def ask(self, task: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of the next free worker."""
        if self.waiting >= LIMITS.waiting:
            raise Busy
        self.waiting += 1
        try:
            worker = self.idle.get(timeout=STARTING + self.seconds)
        except queue.Empty:
            raise Busy from None
        finally:
            self.waiting -= 1
        found = None
        try:
            found = worker.ask(task, given, self.seconds)
        finally:
            if found is None:
                self.all.remove(worker)
                worker = Worker()
                self.all.append(worker)
            self.idle.put(worker)
        if found is None:
            said = f"this took longer than {self.seconds:g} seconds and was stopped"
            return {"error": {"message": f"{said}; the command line has no such limit"}}
        return found

    def stop(self) -> None:
        for worker in self.all:
            with contextlib.suppress(OSError, ValueError):
                worker.stop()


def _work(pipe: Connection) -> None:
    """What a worker does: import, warm up, answer until the pipe closes."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's business
    _limit_memory()
    from matcalc.web.tasks import answer

    answer("derive", {"text": "sum((X*w - y).^2)"})
    with contextlib.suppress(EOFError, OSError):
        pipe.send("ready")
        while True:
            task, given = pipe.recv()
            pipe.send(answer(task, given))


def _limit_memory() -> None:
    """A request for too much memory fails in the worker, and the machine stays usable."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (LIMITS.memory, LIMITS.memory))
