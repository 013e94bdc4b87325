"""The ledger: what the visitors of a row were told, and what that comes to.

A captcha is *lost* that was issued with 200 and whose first verification, with the right text and within its time to
live, was answered by neither 00000 nor 01007. Whether store and worker were alive all the while, a row has to say. It
is *double* that passed twice.
"""

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

PASSED = "00000"
GONE = "01003"
UNAVAILABLE = "01007"
#: No answer came: the connection was refused, cut or silent.
CUT = "cut"

#: Answers that leave open what became of the captcha.
UNDECIDED = frozenset({UNAVAILABLE, CUT})


@dataclass(frozen=True)
class Tally:
    """What a ledger comes to.

    :param lost: None where a row does not look for any, as is ``double``.
    :param answers: how many answers had each code; ``HTTP nnn`` where there was no code.
    :param spent: captchas of whose first verification 01007 or nothing was heard, and that were gone after it.
    :param undecided: captchas of which nothing else was heard to the end.
    :param late: captchas that were first verified after their time to live.
    """

    issued: int = 0
    passed: int = 0
    lost: int | None = 0
    double: int | None = 0
    spent: int = 0
    undecided: int = 0
    late: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def unavailable(self) -> int:
        """Return how many answers were 503."""
        return self.answers[UNAVAILABLE]

    @property
    def errors(self) -> int:
        """Return how many answers were 5xx and not our 503."""
        return sum(count for code, count in self.answers.items() if code.startswith("HTTP 5"))

    @property
    def strays(self) -> dict[str, int]:
        """Return the answers that no row expects, beside 5xx, with how many there were."""
        expected = {PASSED, GONE, UNAVAILABLE, CUT}
        return {
            code: count
            for code, count in self.answers.items()
            if code not in expected and not code.startswith("HTTP 5")
        }

    @property
    def cut(self) -> int:
        """Return how many requests had no answer."""
        return self.answers[CUT]


class Ledger:
    """Notes every answer; safe to be used by several threads.

    :param ttl: seconds that a captcha lives.
    """

    def __init__(self, ttl: float = 300) -> None:
        self._ttl = ttl
        self._lock = threading.Lock()
        self._issued: dict[str, float] = {}
        self._late: set[str] = set()
        self._verdicts: dict[str, list[str]] = defaultdict(list)
        self._answers: Counter[str] = Counter()
        self._last_failure = 0.0

    def note_issue(self, code: str, uuid: str | None = None, *, sent: float) -> None:
        """Note an answer to a GET.

        :param sent: when the request was sent, of ``time.monotonic()``.
        """
        with self._lock:
            self._note(code, sent)
            if uuid is not None:
                self._issued[uuid] = time.monotonic()

    def note_verdict(self, uuid: str, code: str, *, sent: float) -> None:
        """Note an answer to a verification with the right text."""
        with self._lock:
            first = uuid not in self._verdicts
            self._note(code, sent)
            self._verdicts[uuid].append(code)
            if first and time.monotonic() > self._issued[uuid] + self._ttl:
                self._late.add(uuid)

    def seconds_to_recover(self, back: float) -> float:
        """Return how long after the moment ``back`` the last request was sent that failed.

        :param back: of ``time.monotonic()``, when the store was there again.
        """
        return max(0.0, self._last_failure - back)

    def tally(self) -> Tally:
        """Add up what has been noted so far."""
        with self._lock:
            verdicts = {uuid: codes for uuid, codes in self._verdicts.items() if uuid not in self._late}
            passes = [codes.count(PASSED) for codes in self._verdicts.values()]
            return Tally(
                issued=len(self._issued),
                passed=sum(count > 0 for count in passes),
                double=sum(count > 1 for count in passes),
                lost=sum(codes[0] not in {PASSED, *UNDECIDED} for codes in verdicts.values()),
                spent=sum(
                    codes[0] in UNDECIDED and PASSED not in codes and GONE in codes for codes in verdicts.values()
                ),
                undecided=sum(UNDECIDED.issuperset(codes) for codes in verdicts.values()),
                late=len(self._late),
                answers=self._answers.copy(),
            )

    def _note(self, code: str, sent: float) -> None:
        self._answers[code] += 1
        if code not in {PASSED, GONE}:
            self._last_failure = max(self._last_failure, sent)
