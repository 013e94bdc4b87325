"""The accounts and their password hashes.

They are kept in memory; a real app has a database. With several workers, only the one that changes a password sees the
change, and a restart undoes it.
"""

import secrets
from threading import Lock

from werkzeug.security import check_password_hash, generate_password_hash

DEMO_ACCOUNT = "demo"
DEMO_PASSWORD = "captcha-demo"  # noqa: S105 - shown on the page
SHORTEST_PASSWORD = 8
#: Bounds the memory that registrations can take.
MOST_ACCOUNTS = 1000


class Accounts:
    """The demo account and the registered ones."""

    def __init__(self) -> None:
        self._hashes = {DEMO_ACCOUNT: generate_password_hash(DEMO_PASSWORD)}
        self._hash_of_nobody = generate_password_hash(secrets.token_hex())
        self._change = Lock()

    def has_password(self, account: str, password: str) -> bool:
        """Return whether this is the account's password. An account that does not exist takes as long to check."""
        known = self._hashes.get(account)
        # Always check some hash: a faster response would reveal that there is no such account.
        matches = check_password_hash(known or self._hash_of_nobody, password)
        return known is not None and matches

    def create(self, account: str, password: str) -> bool:
        """Create an account. Return whether it was created: its name must be free, and there must be room."""
        hashed = generate_password_hash(password)
        with self._change:
            if account in self._hashes or len(self._hashes) >= MOST_ACCOUNTS:
                return False
            self._hashes[account] = hashed
            return True

    def change_password(self, account: str, password: str, new_password: str) -> bool:
        """Change the account's password. Return whether ``password`` was the current one."""
        with self._change:  # of two simultaneous changes, the second has to see the first
            if not self.has_password(account, password):
                return False
            self._hashes[account] = generate_password_hash(new_password)
            return True
