"""The parts of the attacks with the source: what the package draws, and how a picture is compared with it."""
