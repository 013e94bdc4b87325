"""Two listeners that have the package, and so its recordings: what they hear in a row of five spoken digits.

Both cut off the announcement, whose end they find by its recording. Then they find the five loudest stretches by
dynamic programming over the energy. The first slides the spectrogram of each recording, at ten speeds, over each
stretch. The second has learnt from thousands of digits that it had the package say: it is what an attacker with an
afternoon would build.
"""

import random
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from scipy.signal import resample_poly

from flask_captcha_api.rendering.sound.languages import WORDINGS
from flask_captcha_api.rendering.sound.speech import RATE, speak
from flask_captcha_api.rendering.sound.voices import takes

Array: TypeAlias = np.ndarray[Any, Any]

DIGITS = "0123456789"
ROW = 5

_FRAME, _HOP, _BANDS = 256, 80, 28
# Of a digit and of the pause between two, in hops of 10 ms.
_SHORTEST, _LONGEST, _PAUSE = 18, 95, 34
_SPEEDS_PERCENT = (85, 90, 95, 100, 105, 110, 115, 120, 125, 130)
#: What is further below a stretch's loudest is taken as equally low: there the bed is heard, not the word.
_DEPTH_DB = 18
_WHOLE, _CORE = 0.26, 0.55
_SURROUNDINGS = 8
_PATCH_HOPS = 48
#: The paces of the announcement, and where it may begin, in hops.
_ANNOUNCEMENT_SPEEDS_PERCENT = tuple(range(80, 108, 2))
_LATEST_BEGIN = 70


def samples_of(wav: bytes) -> Array:
    """Return the samples of one of our own WAV files."""
    return np.frombuffer(wav, np.uint8, offset=44).astype(float) - 128


def digits_of(wav: bytes, language: str) -> Array:
    """Return the samples after the announcement. Its end is where its recording, at the best of many paces, ends."""
    samples = samples_of(wav)
    whole = _heard(spectrogram(samples))
    best = (-np.inf, 0)
    for template in _announcements(language):
        windows = np.lib.stride_tricks.sliding_window_view(whole, len(template), axis=0).transpose(0, 2, 1)
        flat = windows[:_LATEST_BEGIN].reshape(min(len(windows), _LATEST_BEGIN), -1)
        flat = flat - flat.mean(1, keepdims=True)
        scores = flat @ template.ravel() / np.linalg.norm(flat, axis=1)
        best = max(best, (float(scores.max()), int(scores.argmax()) + len(template)))
    return samples[best[1] * _HOP :]


@cache
def _announcements(language: str) -> list[Array]:
    """Return the spectrogram of the announcement of digits at each pace."""
    pause = np.zeros(round(0.08 * RATE))
    first, *rest = (
        np.frombuffer(takes(word, language)[0], np.uint8).astype(float) - 128
        for word in WORDINGS[language].announcements["digits"]
    )
    samples = np.concatenate([first, *(part for word in rest for part in (pause, word))])
    templates = [_heard(spectrogram(resample_poly(samples, each, 100))) for each in _ANNOUNCEMENT_SPEEDS_PERCENT]
    centred = [each - each.mean() for each in templates]
    return [np.asarray(each / np.linalg.norm(each)) for each in centred]


def spectrogram(samples: Array) -> Array:
    """Return the mel spectrogram in dB, a row per 10 ms."""
    padded = np.pad(samples, (_FRAME // 2, _FRAME // 2 + _HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME))) ** 2
    return np.asarray(10 * np.log10(power @ _mel_filters() + 1))


def _heard(part: Array) -> Array:
    """Cut off what is too low to be told from the bed; 0 is that."""
    return np.asarray(np.maximum(0, part - np.percentile(part, 99) + _DEPTH_DB))


@cache
def _mel_filters() -> Array:
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 3900 / 700), _BANDS + 2) / 2595) - 1)
    frequency = np.fft.rfftfreq(_FRAME, 1 / RATE)[:, None]
    rising = (frequency - edges[:-2] + 1) / (edges[1:-1] - edges[:-2] + 1)
    falling = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def stretches(samples: Array, share: float) -> list[tuple[int, int]]:
    """Find the five stretches, in hops, that hold the most energy, each as long as a digit and apart from the next.

    :param share: where between quiet and loud a word begins: low finds whole words, high their loud cores.
    """
    power = np.convolve(samples**2, np.hanning(960) / 480, "same")[::_HOP]
    energy = 10 * np.log10(power + 1)
    low, high = np.percentile(energy, (20, 95))
    gain = np.concatenate([[0], np.cumsum(np.clip(energy - (low + share * (high - low)), -8, 8))])
    length = len(gain)
    best = np.zeros(length)  # of k stretches that end at or before each hop
    begins: list[tuple[Array, Array]] = []
    for _ in range(ROW):
        reach, begin = np.full(length, -np.inf), np.zeros(length, int)
        for span in range(_SHORTEST, _LONGEST):
            before = np.concatenate([np.full(_PAUSE, -np.inf if begins else 0.0), best])[: length - span]
            value = before + gain[span:] - gain[:-span]
            better = value > reach[span:]
            reach[span:][better] = value[better]
            begin[span:][better] = np.arange(length - span)[better]
        peak = np.maximum.accumulate(reach)
        last = np.maximum.accumulate(np.where(reach == peak, np.arange(length), 0))
        best = peak
        begins.append((begin, last))
    found = []
    hop = length - 1
    for begin, last in reversed(begins):
        end = int(last[hop])
        found.append((int(begin[end]), end))
        hop = max(0, int(begin[end]) - _PAUSE)
    return found[::-1]


class Matcher:
    """Compares each stretch with every recording at every speed: the best correlation of spectrograms wins."""

    def __init__(self, language: str) -> None:
        self._templates = [
            (digit, self._template(resample_poly(np.frombuffer(take, np.uint8).astype(float) - 128, percent, 100)))
            for digit in DIGITS
            for take in takes(digit, language)
            for percent in _SPEEDS_PERCENT
        ]

    def hear(self, samples: Array) -> str:
        """Return the five digits heard."""
        whole = spectrogram(samples)
        return "".join(
            self._digit(_heard(whole[max(0, begin - 20) : end + 20])) for begin, end in stretches(samples, _WHOLE)
        )

    @staticmethod
    def _template(samples: Array) -> Array:
        quiet = np.pad(_heard(spectrogram(samples)), ((_SURROUNDINGS, _SURROUNDINGS), (0, 0)))
        centred = quiet - quiet.mean()
        return np.asarray(centred / np.linalg.norm(centred))

    def _digit(self, part: Array) -> str:
        scores = dict.fromkeys(DIGITS, -np.inf)
        for digit, template in self._templates:
            sliding = np.pad(part, ((0, max(0, len(template) - len(part))), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(sliding, len(template), axis=0).transpose(0, 2, 1)
            flat = windows.reshape(len(windows), -1)
            flat = flat - flat.mean(1, keepdims=True)
            score = (flat @ template.ravel() / np.linalg.norm(flat, axis=1)).max()
            scores[digit] = max(scores[digit], score)
        return str(max(scores, key=lambda digit: scores[digit]))


class Learner:
    """Classifies each stretch, brought to one length, by what it learnt from rows that it had the package say.

    Principal components, a layer of random neurons and a ridge regression: a small neural net, solved at once.
    """

    _COMPONENTS = 150
    _NEURONS = 2500

    def __init__(self, language: str, *, rows: int, seed: int) -> None:
        rng = random.Random(seed)
        texts = ["".join(rng.choice(DIGITS) for _ in range(ROW)) for _ in range(rows)]
        patches = np.concatenate(
            [self._patches(digits_of(speak(each, language=language, rng=rng), language)) for each in texts]
        )
        self._mean, self._scale = patches.mean(0), patches.std(0) + 1e-6
        standard = (patches - self._mean) / self._scale
        values, vectors = np.linalg.eigh(standard.T @ standard / len(standard))
        self._components = vectors[:, -self._COMPONENTS :] / np.sqrt(values[-self._COMPONENTS :] + 0.3)
        shape = (self._COMPONENTS, self._NEURONS)
        self._neurons = np.random.default_rng(seed).normal(0, 0.5 / self._COMPONENTS**0.5, shape)
        activity = self._activity(patches)
        wanted = np.array([[digit == each for each in DIGITS] for digit in "".join(texts)], float)
        penalty = 0.005 * len(activity) * np.eye(self._NEURONS)
        self._weights = np.linalg.solve(activity.T @ activity + penalty, activity.T @ wanted)

    def hear(self, samples: Array) -> str:
        """Return the five digits heard."""
        scores = self._activity(self._patches(samples)) @ self._weights
        return "".join(DIGITS[best] for best in scores.argmax(1))

    def _activity(self, patches: Array) -> Array:
        return np.asarray(np.tanh((patches - self._mean) / self._scale @ self._components @ self._neurons))

    @staticmethod
    def _patches(samples: Array) -> Array:
        """Make the features of the five digits: the spectrogram of the whole word, and that of its loud core."""
        whole = spectrogram(samples)
        return np.hstack([[_patch(whole, *each) for each in stretches(samples, share)] for share in (_WHOLE, _CORE)])


def _patch(whole: Array, begin: int, end: int) -> Array:
    """Cut out a stretch, bring it to one length, and keep that it had another."""
    part = whole[max(0, begin - 4) : end + 4]
    at = np.linspace(0, len(part) - 1, _PATCH_HOPS)
    left = np.minimum(at.astype(int), len(part) - 2)
    share = (at - left)[:, None]
    patch = part[left] * (1 - share) + part[left + 1] * share
    return np.append(patch - patch.mean(), len(part))
