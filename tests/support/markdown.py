"""Reading of tables in the project's prose, for the tests that hold it to the code."""

import re


def rows_below(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without the row of names."""
    section = re.split(r"\n##+ ", text.split(f"# {heading}\n")[1])[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
