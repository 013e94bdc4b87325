"""An attack with the source, run on fresh pictures: how many it reads, how sure it is, and what it costs."""

import argparse
import multiprocessing
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering.picture.drawing import draw
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

from ..intervals import wilson
from ..peers import drawings as peer_drawings
from .cells import seconds_per_pass, short

SIZE = (peer_drawings.WIDTH, peer_drawings.HEIGHT)
LENGTH = 5

#: Reads an encoded picture: a text, and how sure it is of it, on any scale.
Attack = Callable[[bytes], tuple[str, float]]
#: Attacks so many pictures of a kind at a difficulty, in so many processes side by side.
Measure = Callable[[str, str, int, int], list["Reading"]]
#: Prepares the attack on a kind at a difficulty: whatever an attacker does once, with the source at hand.
Preparation = Callable[[str, str], Attack]


class Reading(NamedTuple):
    """What an attack made of one picture."""

    text: str
    read: str
    sureness: float
    cpu_seconds: float

    @property
    def is_right(self) -> bool:
        """Whether the whole text was read."""
        return self.read == self.text


class Outcome(NamedTuple):
    """What an attack reads of many pictures, and what it reads of the tenth that it is surest of.

    :ivar cpu_seconds: for a picture, on average.
    """

    pictures: int
    right: int
    surest: int
    surest_right: int
    cpu_seconds: float

    @property
    def cpu_seconds_per_pass(self) -> float:
        """What a right answer costs an attacker who answers every picture."""
        return seconds_per_pass(self.cpu_seconds, self.pictures, self.right)

    @property
    def cpu_seconds_per_sure_pass(self) -> float:
        """What a right answer costs an attacker who looks at every picture and answers the surest tenth."""
        return seconds_per_pass(self.cpu_seconds, self.pictures, self.surest_right)


def outcome_of(readings: Sequence[Reading]) -> Outcome:
    """Count readings."""
    by_sureness = sorted(readings, key=lambda reading: -reading.sureness)
    surest = by_sureness[: max(1, len(readings) // 10)]
    return Outcome(
        len(readings),
        sum(reading.is_right for reading in readings),
        len(surest),
        sum(reading.is_right for reading in surest),
        sum(reading.cpu_seconds for reading in readings) / len(readings),
    )


def run(name: str, prepare: Preparation, kind: str, difficulty: str, count: int, processes: int) -> list[Reading]:
    """Attack fresh pictures in processes side by side, showing the progress.

    :param name: of the attack, to be shown.
    """
    global _attack
    row = f"{name}, {kind}, {difficulty}"
    print(f"\r{row}: preparing", end="", file=sys.stderr, flush=True)
    _attack = prepare(kind, difficulty)
    with multiprocessing.get_context("fork").Pool(processes) as pool:  # the processes share what is prepared
        return collected(row, pool.imap_unordered(_read_one, [(kind, difficulty)] * count), count)


def collected(row: str, readings: Iterable[Reading], count: int) -> list[Reading]:
    """Return readings, showing the progress."""
    found: list[Reading] = []
    for reading in readings:
        found.append(reading)
        right = sum(each.is_right for each in found)
        print(f"\r{row}: {len(found)} of {count}, {right} read", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 70 + "\r", end="", file=sys.stderr, flush=True)
    return found


def main(measure: Measure, description: str) -> None:
    """Attack each chosen kind at each chosen difficulty and print a line for each."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--count", type=int, default=200, help="pictures of each kind at each difficulty")
    parser.add_argument("--kinds", nargs="+", default=["digits", "letters"], choices=list(KINDS))
    parser.add_argument("--difficulties", nargs="+", default=list(DIFFICULTIES), choices=list(DIFFICULTIES))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--readings", action="store_true", help="print every reading too, the surest first")
    chosen = parser.parse_args()
    for kind in chosen.kinds:
        for difficulty in chosen.difficulties:
            readings = measure(kind, difficulty, chosen.count, chosen.processes)
            print(f"{kind}, {difficulty}: {line(outcome_of(readings))}", flush=True)
            if chosen.readings:
                for each in sorted(readings, key=lambda reading: -reading.sureness):
                    print(f"  {each.text} read as {each.read or '-':7} {each.sureness:8.1f}", flush=True)


def line(outcome: Outcome) -> str:
    """Say in a line what an attack reads and costs."""
    low, high = wilson(outcome.right, outcome.pictures)
    share = outcome.right / outcome.pictures
    return (
        f"{outcome.right} of {outcome.pictures} read = {share:.1%} ({low:.1%} to {high:.1%}); "
        f"{outcome.surest_right} of the surest {outcome.surest}; {short(outcome.cpu_seconds)} CPU s a picture, "
        f"{short(outcome.cpu_seconds_per_pass)} a pass, {short(outcome.cpu_seconds_per_sure_pass)} if only the "
        "surest tenth is answered"
    )


_attack: Attack


def _read_one(target: tuple[str, str]) -> Reading:
    kind, difficulty = target
    text = KINDS[kind].make(LENGTH).prompt
    encoded = draw(text, random.Random(secrets.randbits(128)), size=SIZE, difficulty=difficulty)
    return timed(_attack, text, encoded)


def timed(attack: Attack, text: str, encoded: bytes) -> Reading:
    """Attack a picture of a known text."""
    begin = time.process_time()
    read, sureness = attack(encoded)
    return Reading(text, read, sureness, time.process_time() - begin)
