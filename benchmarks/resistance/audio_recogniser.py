"""A listener that knows no recordings: pocketsphinx, a recogniser of English from PyPI, told to expect five digits."""

from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from pocketsphinx import Decoder
from scipy.signal import resample_poly

from benchmarks.resistance.audio_matcher import DIGITS, ROW, Array

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_GRAMMAR = f"#JSGF V1.0;\ngrammar row;\n<digit> = {' | '.join(_WORDS)};\npublic <row> = {'<digit> ' * ROW};\n"
#: The model is of 16 kHz; noise in the band that telephones lack makes it understand clean telephone speech better.
_LOUDNESS, _NOISE = 2500, 50


class Recogniser:
    """Hears rows of five English digits."""

    def __init__(self) -> None:
        with NamedTemporaryFile("w", suffix=".gram", delete=False) as grammar:
            grammar.write(_GRAMMAR)
        self._decoder = Decoder(jsgf=grammar.name, loglevel="FATAL")
        Path(grammar.name).unlink()
        self._noise = np.random.default_rng(1)

    def hear(self, samples: Array) -> str:
        """Return the digits heard, or an empty text."""
        wide = resample_poly(samples, 2, 1)
        loudest = np.sqrt(np.percentile(np.convolve(wide**2, np.ones(1600) / 1600, "same"), 95))
        wide = wide * _LOUDNESS / loudest + self._noise.normal(0, _NOISE, len(wide))
        self._decoder.start_utt()
        self._decoder.process_raw(np.clip(wide, -32767, 32767).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        heard = self._decoder.hyp()
        return "".join(DIGITS[_WORDS.index(word)] for word in heard.hypstr.split()) if heard else ""
