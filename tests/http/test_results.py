"""The results on the wire, which clients rely on."""

from flask_captcha_api import Outcome
from flask_captcha_api.exceptions import Refused
from flask_captcha_api.http.results import RESULT_OF, Result, message_of
from flask_captcha_api.translations import BUNDLED

from ..support.http.envelopes import RESULTS


def test_every_result_is_as_written_out() -> None:
    """Codes, names, statuses and sentences are those that clients know; the other tests use what is written there."""
    catalogues = [BUNDLED.catalogues[language] for language in ("zh-Hant", "en")]
    assert {
        result.string_code: (result.code, result.status, *(message_of(result, each) for each in catalogues))
        for result in Result
    } == RESULTS


def test_every_outcome_and_every_refusal_has_a_result() -> None:
    """One that had none would be an error in the request that meets it."""
    assert set(RESULT_OF) == {*Outcome, *Refused.__subclasses__()}


def test_no_code_stands_for_two_results() -> None:
    """Clients go by the code or the string code."""
    assert len({result.code for result in Result}) == len({result.string_code for result in Result}) == len(Result)
