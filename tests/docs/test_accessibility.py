"""The table of WCAG 2.2 has every criterion once, names no test that there is not, and no failure without a remedy."""

import re

from ..support.markdown import missing_tests, named_tests_in, rows_below
from ..support.paths import ROOT

PAGE = (ROOT / "docs" / "explanation" / "accessibility.md").read_text()
HEADING = "WCAG 2.2 by criterion"

#: Of WCAG 2.2, 5 October 2023. 4.1.1 is obsolete.
LEVEL_A = (
    "1.1.1 1.2.1 1.2.2 1.2.3 1.3.1 1.3.2 1.3.3 1.4.1 1.4.2 2.1.1 2.1.2 2.1.4 2.2.1 2.2.2 2.3.1 2.4.1 2.4.2 2.4.3 "
    "2.4.4 2.5.1 2.5.2 2.5.3 2.5.4 3.1.1 3.2.1 3.2.2 3.2.6 3.3.1 3.3.2 3.3.7 4.1.2"
)
LEVEL_AA = (
    "1.2.4 1.2.5 1.3.4 1.3.5 1.4.3 1.4.4 1.4.5 1.4.10 1.4.11 1.4.12 1.4.13 2.4.5 2.4.6 2.4.7 2.4.11 2.5.7 2.5.8 "
    "3.1.2 3.2.3 3.2.4 3.3.3 3.3.4 3.3.8 4.1.3"
)


def test_every_criterion_is_there_once() -> None:
    """In the table with its level, or in the line of those that do not apply."""
    rows = rows_below(PAGE, HEADING)
    (line,) = re.findall("^Nothing in the widget is concerned by (.*)", PAGE, re.MULTILINE)
    apart = re.findall(r"\b\d\.\d\.\d+\b", line)
    listed = [row[0].split()[0] for row in rows]
    assert sorted(listed + apart) == sorted(LEVEL_A.split() + LEVEL_AA.split())
    levels = {row[0].split()[0]: row[1] for row in rows}
    assert levels == {each: "AA" if each in LEVEL_AA.split() else "A" for each in levels}


def test_every_result_has_evidence() -> None:
    """Each row says met or met if, with a setting, variable or argument; and each names a test that exists."""
    for criterion, _, result, evidence in rows_below(PAGE, HEADING):
        assert re.fullmatch("met|met if .*`.+`.*", result), criterion
        assert named_tests_in(evidence), criterion
    assert missing_tests(PAGE) == set()
