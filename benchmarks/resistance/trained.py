"""What a small network learns of our pictures and of lepture/captcha's, with the same budget and the same alphabet.

8,000 labelled pictures, 8 passes, whole texts of 1,000 fresh pictures after each; fixed seeds, one thread of a CPU.
``make bench-trained``; ``ARGS="--kinds digits --drawings normal"`` for a part of it, and ``--keep`` to write what the
last pass reads into the tables of the documentation.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from io import BytesIO

import numpy
import torch
from PIL import Image
from torch import nn

from flask_captcha_api.challenges.makers import DIGITS, LETTERS
from flask_captcha_api.rendering.picture.drawing import draw
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES
from tools.docs_tables import write_tables

from ..environment import versions_of
from ..peers import drawings as peer_drawings
from . import cells

WIDTH, HEIGHT = peer_drawings.WIDTH, peer_drawings.HEIGHT
LENGTH = 5
PICTURES = 8_000
PASSES = 8
FRESH = 1_000
BATCH = 32
ALPHABETS = {"digits": DIGITS, "letters": LETTERS}
#: What is measured if nothing is chosen. ``calm`` is one layout of upright glyphs, and takes as long.
DRAWINGS = ["normal", "hard", cells.LEPTURE]


def main() -> None:
    """Train a network for each kind and drawing, and print whole texts read after each pass."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=list(ALPHABETS), default=list(ALPHABETS))
    parser.add_argument("--drawings", nargs="+", choices=[*DIFFICULTIES, cells.LEPTURE], default=DRAWINGS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="write what is read into the record of the documentation")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    for kind in chosen.kinds:
        for drawing in chosen.drawings:
            share = train(f"{kind}, {drawing}", maker(drawing), ALPHABETS[kind])
            if chosen.keep:
                versions = versions_of("pillow", "torch", *(("captcha",) if drawing == cells.LEPTURE else ()))
                figures = {"pictures": FRESH, "right": round(share * FRESH), "versions": versions}
                cells.keep([cells.cell("trained", kind, drawing, figures)])
                write_tables()


def maker(drawing: str) -> Callable[[str], bytes]:
    """Return what draws a text at a difficulty, or as lepture/captcha does."""
    if drawing == cells.LEPTURE:
        return peer_drawings.lepture()
    rng = random.Random(5)
    return lambda text: draw(text, random.Random(rng.getrandbits(64)), size=(WIDTH, HEIGHT), difficulty=drawing)


def train(row: str, make: Callable[[str], bytes], alphabet: str) -> float:
    """Train a network from scratch, printing its progress. Return the share of whole texts read after the last pass."""
    torch.manual_seed(7)
    random.seed(3)  # lepture/captcha draws from the random module
    begin = time.monotonic()
    pictures, answers = labelled(row, make, alphabet, PICTURES, seed=1)
    fresh, fresh_answers = labelled(row, make, alphabet, FRESH, seed=2)
    network = new_network(len(alphabet))
    optimiser = torch.optim.Adam(network.parameters(), lr=7e-4)
    batches = -(-PICTURES // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1.0 if step < 0.6 * PASSES * batches else 0.2)
    whole = []
    for number in range(1, PASSES + 1):
        order = torch.randperm(PICTURES)
        for batch in range(batches):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            scores = network(scaled(pictures[chosen])).reshape(-1, len(alphabet))
            loss = nn.functional.cross_entropy(scores, answers[chosen].reshape(-1))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if batch % 25 == 0:
                told = f"\r{row}: pass {number}, batch {batch} of {batches}, loss {loss.item():.2f} "
                print(told, end="", file=sys.stderr, flush=True)
        texts, characters = accuracy(network, fresh, fresh_answers, len(alphabet))
        whole.append(texts)
    print("\r" + " " * 70 + "\r", end="", file=sys.stderr, flush=True)
    minutes = (time.monotonic() - begin) / 60
    print(f"{row:26} whole texts {' '.join(f'{each:5.1%}' for each in whole)}", end="", flush=True)
    print(f"   characters {characters:.1%}   {minutes:.0f} min", flush=True)
    return whole[-1]


def labelled(
    row: str, make: Callable[[str], bytes], alphabet: str, count: int, *, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw pictures of known texts: grey levels, and indices into the alphabet."""
    rng = random.Random(seed)
    pictures = numpy.zeros((count, HEIGHT, WIDTH), numpy.uint8)
    answers = []
    for number in range(count):
        if number % 500 == 0:
            print(f"\r{row}: drawing {number} of {count} ", end="", file=sys.stderr, flush=True)
        text = "".join(rng.choice(alphabet) for _ in range(LENGTH))
        pictures[number] = numpy.asarray(Image.open(BytesIO(make(text))).convert("L"))
        answers.append([alphabet.index(character) for character in text])
    return torch.from_numpy(pictures), torch.tensor(answers)


def new_network(classes: int) -> nn.Module:
    """Build the network: four convolutions and a head that says the character at each position.

    Without the normalisation in the head it learns nothing from our mixture of layouts, which would flatter us.
    """

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(
        nn.Conv2d(1, 24, 5, stride=2, padding=2, bias=False),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.MaxPool2d(2),
        *block(24, 48),
        *block(48, 96),
        nn.Conv2d(96, 128, 3, padding=1, bias=False),
        nn.BatchNorm2d(128),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128 * 5 * 10, 256, bias=False),
        nn.BatchNorm1d(256),
        nn.ReLU(),
        nn.Linear(256, LENGTH * classes),
    )


def scaled(pictures: torch.Tensor) -> torch.Tensor:
    """Bring grey levels near zero."""
    return ((pictures.float() - 128) / 64).unsqueeze(1)


def accuracy(network: nn.Module, pictures: torch.Tensor, answers: torch.Tensor, classes: int) -> tuple[float, float]:
    """Return the shares of whole texts and of characters that are right."""
    network.eval()
    with torch.no_grad():
        right = torch.cat(
            [
                network(scaled(pictures[begin : begin + 200])).view(-1, LENGTH, classes).argmax(2)
                == answers[begin : begin + 200]
                for begin in range(0, len(pictures), 200)
            ]
        )
    network.train()
    return right.all(1).float().mean().item(), right.float().mean().item()


if __name__ == "__main__":
    main()
