"""The results on the wire, which clients rely on."""

from flask_captcha_api.http.results import Result, message_of

from ..support.envelopes import RESULTS


def test_every_result_is_as_written_out() -> None:
    """Codes, names, statuses and sentences are those that clients know; the other tests use what is written there."""
    assert {
        result.string_code: (result.code, result.status, message_of(result, "zh-Hant"), message_of(result, "en"))
        for result in Result
    } == RESULTS
