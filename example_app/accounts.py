"""The accounts and their passwords, hashed. Knows nothing of requests, tokens or captchas.

They are held in memory: a real app has a database. With several workers a changed password would be seen by the one
worker that changed it, and a restart brings the old one back.
"""

import secrets
from threading import Lock

from werkzeug.security import check_password_hash, generate_password_hash

DEMO_ACCOUNT = "demo"
DEMO_PASSWORD = "captcha-demo"  # noqa: S105 - it is shown on the page
SHORTEST_PASSWORD = 8
#: In memory, whoever can register can fill it.
MOST_ACCOUNTS = 1000


class Accounts:
    """The demo account, and those that have been registered."""

    def __init__(self) -> None:
        self._hashes = {DEMO_ACCOUNT: generate_password_hash(DEMO_PASSWORD)}
        self._hash_of_nobody = generate_password_hash(secrets.token_hex())
        self._change = Lock()

    def has_password(self, account: str, password: str) -> bool:
        """Tell whether this is the account's password; it takes as long to deny an account that does not exist."""
        known = self._hashes.get(account)
        # Always check some hash: an answer that comes at once would tell that there is no such account.
        matches = check_password_hash(known or self._hash_of_nobody, password)
        return known is not None and matches

    def create(self, account: str, password: str) -> bool:
        """Create an account; tell whether its name was free, and there was room."""
        hashed = generate_password_hash(password)
        with self._change:
            if account in self._hashes or len(self._hashes) >= MOST_ACCOUNTS:
                return False
            self._hashes[account] = hashed
            return True

    def change_password(self, account: str, password: str, new_password: str) -> bool:
        """Replace the account's password if ``password`` is the present one; tell whether it was."""
        with self._change:  # of two changes at once, the second one has to know what the first one set
            if not self.has_password(account, password):
                return False
            self._hashes[account] = generate_password_hash(new_password)
            return True
