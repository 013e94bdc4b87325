"""Which of our languages serves the visitor of the current request."""

from ..state import current_state
from ..translations import DEFAULT_LANGUAGE, FALLBACK_LANGUAGE, best_language
from .accept_language import accepted_languages


def language_of_texts(tag: str | None) -> str:
    """Return the language of what the widget and the form's field say.

    :param tag: the page's language; None: CAPTCHA_LANGUAGE decides.
    """
    if tag is not None:
        return best_language((tag,), otherwise=FALLBACK_LANGUAGE)  # as the widget's script does
    configured = current_state().config.language
    return best_language(accepted_languages()) if configured == "auto" else configured


def language_of_sound(tag: str | None) -> str:
    """Return the language that a captcha is spoken in: that of ``tag``, else the app's, the visitor's, the messages'.

    :param tag: what is asked for; None, and a language that is not ours: nothing.
    """
    config = current_state().config
    wanted = [tag or ""]
    if config.audio_language == "auto":
        wanted += accepted_languages()
    else:
        wanted.append(config.audio_language)
    return best_language(wanted, otherwise=DEFAULT_LANGUAGE if config.language == "auto" else config.language)
