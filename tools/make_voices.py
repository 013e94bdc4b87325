"""Makes the package's voice data with espeak-ng. Run ``python tools/make_voices.py``, then listen and commit.

Needs only Debian's espeak-ng (1.51 made the shipped data) and Pillow. The same espeak-ng makes the same bytes. The
recordings of a language are stored as an image one pixel high whose grey levels are the samples: PNG compresses speech
to half its size, and Pillow, a dependency anyway, decodes it in C. ``voices.json`` has the begin and end of each
recording.
"""

import array
import io
import json
import string
import subprocess
import sys
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

DATA = Path(__file__).parents[1] / "flask_captcha_api" / "rendering" / "data"
RATE = 8000
MAX_BYTES = 1_000_000

#: Three speakers: espeak-ng's variants of a language's voice. The first one alone records the words that need only one
#: speaker. Of 18 variants, pocketsphinx recognised these best in English.
VARIANTS = ("klatt4", "edward", "f2")

#: The names of the letters, which espeak-ng knows in all languages that are written with them.
LETTERS = dict.fromkeys(string.ascii_uppercase, "")

# fmt: off
#: By language: espeak-ng's voice, words per minute, the words of all three speakers, and those of the first one. Each
#: word is the name of a recording, with the text for espeak-ng if that differs. Debian's "cmn" speaks the numbers of
#: tones as English words ("yi one"); "cmn-latn-pinyin" is the same voice without this fault.
LANGUAGES = {
    "en": (
        "en-us", 140,
        {"0": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven",
         "8": "eight", "9": "nine"},
        {**LETTERS,
         **dict.fromkeys((
             "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo",
             "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor",
             "whiskey", "x-ray", "yankee", "zulu",
             "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
             "nineteen", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
             "how much is", "plus", "minus",
             "please listen", "the digits are", "the letters are", "the characters are", "the question is"), "")},
    ),
    "zh": (
        "cmn-latn-pinyin", 115,
        {"0": "零", "1": "一", "2": "二", "3": "三", "4": "四", "5": "五", "6": "六", "7": "七", "8": "八", "9": "九",
         "十": ""},
        # espeak-ng pronounces 於 as the surname, in the wrong tone, and 于 correctly.
        {"加": "", "減": "", "等於多少": "等于多少",
         "請聽": "请听", "數字是": "数字是", "字母是": "", "內容是": "内容是", "題目是": "题目是"},
    ),
    "ja": (
        "ja", 130,
        {"0": "ゼロ", "1": "いち", "2": "に", "3": "さん", "4": "よん", "5": "ご", "6": "ろく", "7": "なな",
         "8": "はち", "9": "きゅう", "十": "じゅう"},
        {"A": "エー", "B": "ビー", "C": "シー", "D": "ディー", "E": "イー", "F": "エフ", "G": "ジー", "H": "エイチ",
         "I": "アイ", "J": "ジェー", "K": "ケー", "L": "エル", "M": "エム", "N": "エヌ", "O": "オー", "P": "ピー",
         "Q": "キュー", "R": "アール", "S": "エス", "T": "ティー", "U": "ユー", "V": "ブイ", "W": "ダブリュー",
         "X": "エックス", "Y": "ワイ", "Z": "ゼット",
         **dict.fromkeys(("ボーイ", "ドッグ", "フレンド", "ゴルフ", "マイク", "ナンシー", "パパ", "サンデー",
                          "タイガー", "ビクトリー", "たす", "ひく"), ""),
         "はいくつですか": "わいくつですか",
         # It spells kanji, and reads は as in the middle of a word.
         "聞いてください": "きいてください", "数字は": "すうじわ", "文字は": "もじわ", "問題は": "もんだいわ"},
    ),
    # The others speak numbers digit by digit. Letters that sound alike on a telephone also have a word.
    "de": (
        "de", 130,
        {"0": "null", "1": "eins", "2": "zwei", "3": "drei", "4": "vier", "5": "fünf", "6": "sechs", "7": "sieben",
         "8": "acht", "9": "neun"},
        {**LETTERS,
         **dict.fromkeys(("Berta", "Dora", "Friedrich", "Gustav", "Martha", "Nordpol", "Paula", "Siegfried", "Theodor",
                          "Wilhelm", "Wie viel ist", "plus", "minus",
                          "Bitte zuhören", "Die Ziffern sind", "Die Buchstaben sind", "Die Zeichen sind",
                          "Die Aufgabe ist"), "")},
    ),
    "fr": (
        "fr-fr", 115,
        {"0": "zéro", "1": "un", "2": "deux", "3": "trois", "4": "quatre", "5": "cinq", "6": "six", "7": "sept",
         "8": "huit", "9": "neuf"},
        {**LETTERS,
         **dict.fromkeys(("Berthe", "Célestin", "Désiré", "François", "Marcel", "Nicolas", "Pierre", "Suzanne",
                          "Thérèse", "Victor", "Combien font", "plus", "moins",
                          "Veuillez écouter", "Les chiffres sont", "Les lettres sont", "Les caractères sont",
                          "La question est"), "")},
    ),
    "es": (
        "es", 130,
        {"0": "cero", "1": "uno", "2": "dos", "3": "tres", "4": "cuatro", "5": "cinco", "6": "seis", "7": "siete",
         "8": "ocho", "9": "nueve"},
        {**LETTERS,
         **dict.fromkeys(("Barcelona", "Carmen", "Dolores", "Francia", "Madrid", "Navarra", "París", "Sábado",
                          "Toledo", "Zaragoza", "Cuánto es", "más", "menos",
                          "Los dígitos son", "Las letras son", "Los caracteres son",
                          "La pregunta es"), ""),
         # Without the comma, its pause is short.
         "Escucha, por favor": "Escucha por favor"},
    ),
    "pt": (
        "pt-br", 125,
        {"0": "zero", "1": "um", "2": "dois", "3": "três", "4": "quatro", "5": "cinco", "6": "seis", "7": "sete",
         "8": "oito", "9": "nove"},
        {**LETTERS,
         **dict.fromkeys(("Bahia", "Casa", "Dado", "Faca", "Maria", "Nove", "Pato", "Sapo", "Tatu", "Vaca", "Zebra",
                          "Quanto é", "mais", "menos",
                          "Os dígitos são", "As letras são", "Os caracteres são",
                          "A pergunta é"), ""),
         "Ouça, por favor": "Ouça por favor"},
    ),
    "it": (
        "it", 130,
        {"0": "zero", "1": "uno", "2": "due", "3": "tre", "4": "quattro", "5": "cinque", "6": "sei", "7": "sette",
         "8": "otto", "9": "nove"},
        {**LETTERS, "T": "ti",
         **dict.fromkeys(("Bologna", "Como", "Domodossola", "Firenze", "Genova", "Milano", "Napoli", "Padova",
                          "Savona", "Torino", "Venezia", "Quanto fa", "più", "meno",
                          "Le cifre sono", "Le lettere sono", "I caratteri sono",
                          "La domanda è", "Ascolta"), "")},
    ),
    "ru": (
        "ru", 110,
        {"0": "ноль", "1": "один", "2": "два", "3": "три", "4": "четыре", "5": "пять", "6": "шесть", "7": "семь",
         "8": "восемь", "9": "девять"},
        {"A": "а", "B": "бэ", "C": "цэ", "D": "дэ", "E": "е", "F": "эф", "G": "гэ", "H": "аш",
         # It hurries the vowels и and у, which are words too: these are their sounds, in its own notation.
         "I": "[['i:]]", "U": "[['u:]]",
         "J": "йот", "K": "ка", "L": "эль", "M": "эм", "N": "эн", "O": "о", "P": "пэ", "Q": "ку", "R": "эр",
         "S": "эс", "T": "тэ", "V": "вэ", "W": "дубль вэ", "X": "икс", "Y": "игрек", "Z": "зэт",
         **dict.fromkeys(("браво", "дельта", "фокстрот", "гольф", "майк", "новембер", "папа", "сьерра", "танго",
                          "вольт", "Сколько будет", "плюс", "минус",
                          "Вот цифры", "Вот буквы", "Вот символы", "Вот задача", "Прослушайте"), "")},
    ),
    "ko": (
        "ko", 125,
        {"0": "영", "1": "일", "2": "이", "3": "삼", "4": "사", "5": "오", "6": "육", "7": "칠", "8": "팔", "9": "구",
         "십": ""},
        {"A": "에이", "B": "비", "C": "씨", "D": "디", "E": "이", "F": "에프", "G": "지", "H": "에이치", "I": "아이",
         "J": "제이", "K": "케이", "L": "엘", "M": "엠", "N": "엔", "O": "오", "P": "피", "Q": "큐", "R": "알",
         "S": "에스", "T": "티", "U": "유", "V": "브이", "W": "더블유", "X": "엑스", "Y": "와이", "Z": "제트",
         **dict.fromkeys(("브라보", "델타", "프렌드", "골프", "마이크", "노벰버", "파파", "시에라", "탱고", "빅터",
                          "더하기", "빼기", "얼마입니까",
                          "들어 주세요", "숫자입니다", "알파벳입니다", "문자입니다", "문제입니다"), "")},
    ),
}
# fmt: on

#: A clip ends where it stays below this share of its peak: an f or s at the edge is some 35 dB below a vowel.
SILENCE = 0.008
MARGIN = RATE // 100
#: The root mean square and the largest amplitude of the samples; full scale is 128.
LEVEL, PEAK = 26.0, 118.0
#: Only every second sample value is used: the last bit is 40 dB below the speech, and a third of the file. Languages
#: that came later use every fourth one, to be smaller again: the fragments of speech that are mixed in cover the noise.
STEP = 2
COARSE_STEP = 4
FINE = ("en", "zh", "ja")


def main() -> None:
    """Make every language's file and the index, and print their size."""
    index: dict[str, dict[str, list[list[int]]]] = {}
    for language, (voice, pace, by_all, by_one) in LANGUAGES.items():
        track = bytearray()
        clips: dict[str, list[list[int]]] = {}
        for name, text, variant in recordings(by_all, by_one):
            clip = make_recording(
                text, voice=f"{voice}+{variant}", pace=pace, step=STEP if language in FINE else COARSE_STEP
            )
            clips.setdefault(name, []).append([len(track), len(track) + len(clip)])
            track += clip
        Image.frombytes("L", (len(track), 1), bytes(track)).save(DATA / f"voice-{language}.png", optimize=True)
        index[language] = clips
    rows = (
        f'  "{language}": {{\n'
        + ",\n".join(
            f"    {json.dumps(name, ensure_ascii=False)}: {json.dumps(spans)}" for name, spans in clips.items()
        )
        + "\n  }"
        for language, clips in index.items()
    )
    (DATA / "voices.json").write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in DATA.glob("voice*"))
    print(f"{size} bytes of voice data")
    if size >= MAX_BYTES:
        sys.exit(f"the voice data has {size} bytes: it must have fewer than {MAX_BYTES}")


def recordings(by_all: dict[str, str], by_one: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the text and the speaker's variant of every recording."""
    for name, text in by_all.items():
        for variant in VARIANTS:
            yield name, text or name, variant
    for name, text in by_one.items():
        yield name, text or name, VARIANTS[0]


def make_recording(text: str, *, voice: str, pace: int, step: int) -> bytes:
    """Speak ``text`` and return it trimmed and normalised, as unsigned samples."""
    rate, samples = speak(text, voice=voice, pace=pace)
    return quantise(normalise(trim(resample(samples, rate))), step)


def speak(text: str, *, voice: str, pace: int) -> tuple[int, Sequence[int]]:
    """Run espeak-ng; return its sampling rate and samples."""
    command = ["espeak-ng", "-b", "1", "-v", voice, "-s", str(pace), "--stdout", text]
    encoded = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(encoded)) as source:
        # The length in the header is wrong, because espeak-ng wrote to a pipe.
        samples = array.array("h", source.readframes(source.getframerate() * 60))
        return source.getframerate(), samples


def resample(samples: Sequence[int], rate: int) -> list[float]:
    """Resample to 8 kHz. Pillow's Lanczos filter removes frequencies above 4 kHz."""
    row = Image.frombytes("F", (len(samples), 1), array.array("f", samples).tobytes())
    row = row.resize((round(len(samples) * RATE / rate), 1), Image.Resampling.LANCZOS)
    return list(array.array("f", row.tobytes()))


def trim(samples: list[float]) -> list[float]:
    """Cut off the silence at both ends, except a margin."""
    threshold = SILENCE * max(map(abs, samples))
    heard = [position for position, sample in enumerate(samples) if abs(sample) > threshold]
    return samples[max(0, heard[0] - MARGIN) : heard[-1] + MARGIN]


def normalise(samples: list[float]) -> list[float]:
    """Bring a clip to the common level, without clipping."""
    peak = max(map(abs, samples))
    loudest = max(rms(samples[start : start + RATE // 5]) for start in range(0, max(1, len(samples) - RATE // 5), 80))
    factor = min(LEVEL / loudest, PEAK / peak)
    return [sample * factor for sample in samples]


def rms(samples: Sequence[float]) -> float:
    """Return the root mean square."""
    return float((sum(sample * sample for sample in samples) / len(samples)) ** 0.5)


def quantise(samples: list[float], step: int) -> bytes:
    """Round to unsigned 8 bits, using every ``step``-th value."""
    return bytes(128 + step * round(sample / step) for sample in samples)


if __name__ == "__main__":
    main()
