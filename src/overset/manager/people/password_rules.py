"""Which passwords may be chosen: long ones, and none that is guessed (NIST SP 800-63B 3.1.1.2)."""

from overset.kernel.errors import InvalidRequest
from overset.manager.names import email_key

SHORTEST = 12
LONGEST = 256
_FEWEST_CHARACTERS = 5
_COMMON = frozenset(
    {
        "123456123456",
        "123456789012",
        "1234567890123",
        "12345678901234",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "abcdefghijkl",
        "adminadminadmin",
        "administrator",
        "administrator1",
        "changemechangeme",
        "correcthorsebatterystaple",
        "iloveyouiloveyou",
        "letmeinletmein",
        "oversetoverset",
        "passwordpassword",
        "password1234",
        "password12345",
        "password123456",
        "password123!",
        "passw0rd1234",
        "qazwsxedcrfv",
        "qwerty123456",
        "qwertyqwerty",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopasdfgh",
        "supersetsuperset",
        "welcome12345",
        "welcomewelcome",
    }
)


def refuse_weak(password: str, *, email: str) -> None:
    """Refuse a password that others would guess.

    Raises:
        InvalidRequest: `password_weak`, with a sentence that says why.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise _weak(f"A password has {SHORTEST} to {LONGEST} characters.")
    plain = email_key(password)
    address = email_key(email)
    if plain in {address, address.partition("@")[0]}:
        raise _weak("The password must not be the email address.")
    if plain in _COMMON or len(set(plain)) < _FEWEST_CHARACTERS:
        raise _weak("Many people have this password. Choose one that nobody guesses.")


def _weak(sentence: str) -> InvalidRequest:
    return InvalidRequest("password_weak", sentence)
