"""All texts for visitors, in one catalogue per language.

A catalogue is a JSON file named after its language tag:

- ``name``: the language's own name for itself.
- ``tags``: the language tags that it serves, together with longer tags that begin with them.
- ``voice``: the recordings for its sounds: ``de``, ``en``, ``es``, ``fr``, ``it``, ``ja``, ``ko``, ``pt``, ``ru`` or
  ``zh``.
- ``direction``: ``rtl`` for a language that is written from right to left; left out for all others.
- ``page``: what only pages rendered by the server say: ``kept``, that a captcha was solved; ``script``, that it needs
  JavaScript.
- ``messages``: the envelope's ``message`` for each result, by ``stringCode``.
- ``widget``: the widget's texts that do not depend on the kind. ``{}`` is a number: in ``wait`` of seconds, in
  ``short`` and ``length`` of characters; in ``soon`` it is the text of a button.
- ``work``: what the widget says if the device works instead of the visitor, or as well.
- ``kinds``: for each kind of captcha, the label of the text field beside a picture (``seen``) and beside a sound
  (``heard``), the picture's alternative text (``alt``), and the error if nothing is typed (``missing``). ``other``
  serves an app's own kinds.
- ``asks``: the same sentences for a widget with ``asks``, in which ``{}`` is what the app asks for.

The English catalogue has every sentence. What another one lacks is English.
"""

from .bundled import BUNDLED as BUNDLED
from .bundled import DEFAULT_LANGUAGE as DEFAULT_LANGUAGE
from .bundled import FALLBACK_LANGUAGE as FALLBACK_LANGUAGE
from .catalogue import Catalogue as Catalogue
from .catalogue import Translations as Translations
from .overrides import translations_with as translations_with
from .tags import language_tag as language_tag
