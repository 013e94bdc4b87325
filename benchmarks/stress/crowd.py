"""The crowd: visitors that ask for captchas and solve them, all at once, while things break around them."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

from tests.support.apps import KNOWN_ANSWER
from tests.support.gunicorn import Site

from .ledger import CUT, PASSED, UNDECIDED, Ledger, Tally
from .row import Finding, Run

VISITORS = 8
#: What each visitor holds unsolved, so that whatever breaks meets captchas of every age.
HELD = 40
#: Between two requests of a visitor that was just told of an outage: how finely recovery is measured.
PAUSE_SECONDS = 0.02
#: Captchas that a visitor sends again as soon as they have passed; the others are sent again at the end.
SHARE_REPLAYED_AT_ONCE = 0.1


class Crowd:
    """Visitors of a site, for the length of a with block.

    :param ttl: seconds that a captcha lives there.
    :ivar ledger: what they were told.
    :ivar held: how many captchas each visitor holds at most. May be changed at any time.
    """

    def __init__(self, run: Run, site: Site, *, held: int = HELD, ttl: float = 300) -> None:
        self.ledger = Ledger(ttl)
        self.held = held
        self._run = run
        self._site = site
        self._stop = threading.Event()
        self._mines: list[list[str]] = [[] for _ in range(VISITORS)]
        self._undecided: list[str] = []
        self._passed: list[str] = []
        self._faults: list[Exception] = []
        self._threads = [threading.Thread(target=self._visit, args=(mine,), daemon=True) for mine in self._mines]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def work(self, seconds: float, what: str) -> None:
        """Let the visitors go on for this run's share of a time.

        :param what: is the matter meanwhile.
        """
        self._run.tell(what)
        time.sleep(self._run.seconds(seconds))

    def work_until(self, condition: Callable[[Tally], bool], seconds: float, what: str) -> None:
        """Let the visitors go on until the tally fulfils a condition.

        :raises TimeoutError: it did not within so many seconds.
        """
        deadline = time.monotonic() + seconds
        while not condition(tally := self.ledger.tally()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: did not come about within {seconds} s")
            self._run.tell(f"{what}, {tally.issued:,} issued")
            time.sleep(0.2)

    def settle(self) -> Tally:
        """Stop; then solve what is still held, ask again where the answer was none, and replay all that passed."""
        self._leave()
        if self._faults:
            raise self._faults[0]
        self._run.tell("solving what is held, replaying what has passed")
        self._all_at_once(uuid for mine in self._mines for uuid in mine)
        undecided, self._undecided = self._undecided, []
        self._all_at_once(undecided)
        self._all_at_once(list(self._passed))
        return self.ledger.tally()

    def finding_after_return(self, seconds: float, told: str = "") -> Finding:
        """Let the visitors go on after the store's return, which is now; then settle, and tell how long it failed."""
        back = time.monotonic()
        self.work(seconds, "it is back")
        tally = self.settle()
        return Finding(told, tally, recovery=self.ledger.seconds_to_recover(back))

    def _leave(self) -> None:
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _visit(self, mine: list[str]) -> None:
        code = PASSED
        try:
            while not self._stop.is_set():
                # While nothing works, most of what is held is kept for the time after.
                appetite = 0.6 if code not in UNDECIDED else 0.9
                if len(mine) < self.held and (not mine or random.random() < appetite):
                    code = self._issue(mine)
                elif mine:
                    code = self._verify_one_of(mine)
                if code in UNDECIDED or not mine:
                    time.sleep(PAUSE_SECONDS)
        except Exception as error:  # told by settle()
            self._faults.append(error)

    def _verify_one_of(self, mine: list[str]) -> str:
        uuid = mine.pop(random.randrange(len(mine)))
        code = self._verify(uuid)
        if code == PASSED and random.random() < SHARE_REPLAYED_AT_ONCE:
            self._verify(uuid)
        return code

    def _issue(self, mine: list[str]) -> str:
        sent = time.monotonic()
        code, body = self._ask("GET", "/captcha/web")
        uuid = body["response"]["uuid"] if code == PASSED else None
        self.ledger.note_issue(code, uuid, sent=sent)
        if uuid is not None:
            mine.append(uuid)
        return code

    def _verify(self, uuid: str) -> str:
        sent = time.monotonic()
        code, _ = self._ask("POST", "/guarded", {"uuid": uuid, "code": KNOWN_ANSWER})
        self.ledger.note_verdict(uuid, code, sent=sent)
        if code in UNDECIDED:
            self._undecided.append(uuid)
        elif code == PASSED:
            self._passed.append(uuid)
        return code

    def _ask(self, method: str, path: str, body: object = None) -> tuple[str, dict[str, Any]]:
        try:
            status, answer, _ = self._site.send(method, path, body)
        except (OSError, http.client.HTTPException):
            return CUT, {}
        try:
            parsed = json.loads(answer)
        except ValueError:
            return f"HTTP {status}", {}
        return (PASSED if status == 200 else parsed.get("code", f"HTTP {status}")), parsed

    def _all_at_once(self, uuids: Iterable[str]) -> None:
        with ThreadPoolExecutor(VISITORS) as pool:
            list(pool.map(self._verify, uuids))
