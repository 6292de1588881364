"""Where chance and time come from when nobody scripts them: the operating system."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)


class SystemEntropy:
    """The operating system's CSPRNG, 128 bits at a time."""

    def key(self) -> str:
        """A key nobody else has."""
        return os.urandom(16).hex()

    def seed(self, key: str) -> str:
        """Dice nobody can guess."""
        return os.urandom(16).hex()


class DerivedEntropy:
    """Dice derived from a secret and the command's key: the same log gives the same awards.

    For replays and analyses. Whoever knows the secret knows every draw.

    Args:
        secret: what every seed is derived from.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def key(self) -> str:
        """A key nobody else has."""
        return os.urandom(16).hex()

    def seed(self, key: str) -> str:
        """BLAKE2b of the key, keyed with the secret, 128 bits."""
        digest = hashlib.blake2b(key.encode(), key=self._secret[:64], digest_size=16)
        return digest.hexdigest()
