"""The attack by boxes: how many pictures are read by a network that has learnt where each glyph is, and which.

Whoever has the source knows more of a picture than its text: the package's own steps say where each glyph's box is. So
the attacker draws pictures and trains a network to say of every cell of 4 × 4 pixels whether the middle of a glyph is
there, and of which character. That takes far fewer pictures than learning whole texts, since each has five examples of
glyphs and the layout need not be learnt. The order is that of the most similar layout among those drawn.

Each picture that is learnt from is seen once, and is drawn at the difficulty that is attacked. One thread of a CPU.

``python -m benchmarks.resistance.table --rows boxes --kinds digits --drawings normal`` for less than everything.
"""

import math
import random
import sys
import time
from io import BytesIO
from itertools import permutations
from typing import NamedTuple

import numpy
import torch
from PIL import Image
from torch import nn

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering.picture.atlas import Atlas
from flask_captcha_api.rendering.picture.canvas import Picture, Step
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

from .attack import LENGTH, SIZE
from .matching.outlines import Array, draw_observed

PICTURES = 12_000
_BATCH = 32
_FASTEST = 2e-3
#: The side of a cell, in pixels, and the size to which pictures are extended, a multiple of 8 as the network needs.
_CELL = 4
_WIDTH, _HEIGHT = 168, 96
#: The x and y of the middle of each cell, in pixels.
_CENTRES = numpy.indices((_HEIGHT // _CELL, _WIDTH // _CELL))[::-1].transpose(1, 2, 0) * _CELL + (_CELL - 1) / 2
#: A cell is a glyph's middle if it is so far from its centre, in halves of the box. It is nothing beyond the second.
_MIDDLE, _BEYOND = 0.4, 0.7
_UNCLEAR = -100
#: Two glyphs are further apart than this, and what belongs to one glyph is nearer than that, in cells.
_APART, _NEAR = 3.5, 2.3
#: How many layouts are kept to take the order from.
_LAYOUTS = 4000


class Drawn(NamedTuple):
    """A picture that the attacker has drawn: its text, its grey levels, and the centre and half the size of each box.

    :ivar boxes: a row of x, y, half the width and half the height for each character, in pixels.
    """

    text: str
    plane: Array
    boxes: Array


class Added(nn.Module):
    """Adds what layers make of their input to the input."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self._layers = nn.Sequential(*layers)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the sum, rectified."""
        return nn.functional.relu(inputs + self._layers(inputs))


def new_network(classes: int, width: int = 32) -> nn.Module:
    """Build the network, which scores each class in each cell. It looks at cells, and at their surroundings by twos."""

    def convolution(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs)]

    def rectified(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
        return [*convolution(inputs, outputs, stride), nn.ReLU()]

    def residual(channels: int) -> nn.Module:
        return Added(*rectified(channels, channels), *convolution(channels, channels))

    surroundings = [*rectified(2 * width, 4 * width, 2), residual(4 * width), residual(4 * width)]
    return nn.Sequential(
        nn.PixelUnshuffle(2),
        *rectified(4, width),
        *rectified(width, width),
        *rectified(width, 2 * width, 2),
        residual(2 * width),
        Added(*surroundings, nn.Conv2d(4 * width, 2 * width, 1), nn.Upsample(scale_factor=2)),
        *rectified(2 * width, 2 * width),
        nn.Conv2d(2 * width, classes, 1),
    )


def scores_of(network: nn.Module, planes: torch.Tensor) -> torch.Tensor:
    """Return the score of each class, the first of which is none, in each cell of pictures."""
    with torch.autocast("cpu", torch.bfloat16):
        scores: torch.Tensor = network(planes[:, None].contiguous(memory_format=torch.channels_last))
    return scores.float()


class Reader:
    """Reads pictures by the glyphs that a network finds, in the order of the most similar layout.

    :ivar training_cpu_seconds: what the preparation took, drawing included.
    """

    def __init__(self, kind: str, difficulty: str, pictures: int = PICTURES) -> None:
        begin = time.process_time()
        torch.set_num_threads(1)
        self._alphabet = "".join(
            sorted({character for _ in range(1000) for character in KINDS[kind].make(LENGTH).prompt})
        )
        self._network, boxes = trained(kind, difficulty, self._alphabet, pictures)
        self._layouts = numpy.stack([each[:, :2].ravel() for each in boxes[-_LAYOUTS:]])
        self._orders = numpy.array(list(permutations(range(LENGTH))))
        self.training_cpu_seconds = time.process_time() - begin

    def __call__(self, encoded: bytes) -> tuple[str, float]:
        """Return the text of a picture and how sure it is: the logarithm of a probability."""
        plane = torch.from_numpy(_extended(_plane_of(encoded), 1, 3))
        with torch.inference_mode():
            scores = scores_of(self._network, torch.stack([plane, -plane])).log_softmax(1).mean(0)
        somewhere = 1 - scores.softmax(0)[0]
        strength = nn.functional.avg_pool2d(somewhere[None], 3, 1, 1, divisor_override=1)[0].numpy()
        logarithms, weights = scores[1:].numpy(), somewhere.numpy()
        centres, found, sureness = [], [], 0.0
        for _ in range(LENGTH):
            peak = numpy.unravel_index(strength.argmax(), strength.shape)
            distance = numpy.hypot(*(_CENTRES - _CENTRES[peak]).transpose(2, 0, 1)) / _CELL
            weight = weights * (distance < _NEAR)
            weight /= weight.sum()
            centres.append((weight[..., None] * _CENTRES).sum((0, 1)))
            votes = torch.from_numpy((weight * logarithms).sum((1, 2))).log_softmax(0)
            found.append(self._alphabet[int(votes.argmax())])
            sureness += float(votes.max()) + min(0.0, math.log(max(strength[peak], 1e-6) / 4))
            strength[distance < _APART] = 0
        return "".join(found[place] for place in self._order(numpy.stack(centres))), sureness

    def _order(self, centres: Array) -> Array:
        """Return the order in which centres resemble a layout most."""
        ordered = centres[self._orders].reshape(len(self._orders), -1)
        distances = (self._layouts**2).sum(1) - 2 * ordered @ self._layouts.T
        order: Array = self._orders[distances.min(1).argmin()]
        return order


def trained(kind: str, difficulty: str, alphabet: str, pictures: int) -> tuple[nn.Module, list[Array]]:
    """Train a network on pictures that are drawn for it. Return it and the boxes of the pictures."""
    rng, atlas, boxes = random.Random(), Atlas(), []
    network = new_network(1 + len(alphabet))
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    steps = pictures // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _FASTEST, total_steps=steps, pct_start=0.1)
    weight = torch.tensor([1.0] + [2.0] * len(alphabet))
    for step in range(steps):
        batch = [drawn(kind, difficulty, rng, atlas) for _ in range(_BATCH)]
        boxes += [each.boxes for each in batch]
        planes, classes = zip(*(example(each, alphabet, rng) for each in batch), strict=True)
        scores = scores_of(network, torch.from_numpy(numpy.stack(planes)))
        target = torch.from_numpy(numpy.stack(classes))
        loss = nn.functional.cross_entropy(scores, target, weight, ignore_index=_UNCLEAR)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 25 == 0:
            print(f"\rtraining: step {step} of {steps}, loss {loss.item():.3f} ", end="", file=sys.stderr, flush=True)
    return network.eval(), boxes


def drawn(kind: str, difficulty: str, rng: random.Random, atlas: Atlas) -> Drawn:
    """Draw a text, and note where its glyphs are."""
    text, boxes = KINDS[kind].make(LENGTH).prompt, list[tuple[float, ...]]()

    def note(picture: Picture, _: tuple[Step, ...]) -> None:
        for (x, y), shape in zip(picture.corners, picture.shapes, strict=True):
            boxes.append((x + shape.width / 2, y + shape.height / 2, shape.width / 2, shape.height / 2))

    encoded = draw_observed(text, rng.choice(DIFFICULTIES[difficulty]), SIZE, rng, note, atlas)
    return Drawn(text, _plane_of(encoded), numpy.array(boxes))


def example(picture: Drawn, alphabet: str, rng: random.Random) -> tuple[Array, Array]:
    """Return a picture as it is shown to the network, shifted and half of the time inverted, and the class of cells."""
    right, down = rng.randrange(_WIDTH - SIZE[0] + 1), rng.randrange(_HEIGHT - SIZE[1] + 1)
    classes = numpy.zeros(_CENTRES.shape[:2], numpy.int64)
    for character, (x, y, half_width, half_height) in zip(picture.text, picture.boxes, strict=True):
        distance = numpy.hypot(*((_CENTRES - (x + right, y + down)) / (half_width, half_height)).transpose(2, 0, 1))
        classes[(distance < _BEYOND) & (classes == 0)] = _UNCLEAR
        classes[distance < max(_MIDDLE, distance.min() + 1e-6)] = 1 + alphabet.index(character)
    return _extended(picture.plane, right, down) * rng.choice((numpy.float32(1), numpy.float32(-1))), classes


def _plane_of(encoded: bytes) -> Array:
    """Return the grey levels of a picture, near zero."""
    return (numpy.asarray(Image.open(BytesIO(encoded)).convert("L"), numpy.float32) - 137) / 85


def _extended(plane: Array, right: int, down: int) -> Array:
    """Return a picture that is moved right and down, with its border repeated around it."""
    missing = (down, _HEIGHT - SIZE[1] - down), (right, _WIDTH - SIZE[0] - right)
    return numpy.pad(plane, missing, mode="edge")
