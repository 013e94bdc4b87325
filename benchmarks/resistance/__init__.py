"""How hard for software: what OCR, attacks with the source, a trained network and matchers read and hear."""

import os

# CPU seconds are counted, and pictures are read side by side: more threads for the same arithmetic only get in the way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
