"""Taking secrets out of what is written down: log lines, audit rows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MASK = "[redacted]"

_SECRET_KEYS = re.compile(
    r"authorization|cookie|credential|passphrase|passwd|password|secret|token"
    r"|accesskey|apikey|privatekey|^pwd$|^jwt$|^assertion$|^codeverifier$"
)
_HARMLESS_KEYS = frozenset({"maxtokens", "tokencount", "tokenid", "tokens"})
_NAMES_IN_TEXT = (
    r"access[_-]?key|api[_-]?key|authorization|client_secret|cookie|passphrase|passwd|password|pwd"
    r"|private[_-]?key|secret|secret[_-]?key|session|token|(?:access|id|refresh)_token"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Pydantic's errors quote what was sent, whatever it was.
    (re.compile(r"(\binput_value=)[^\n]{0,400}?(, input_type=)"), rf"\1{MASK}\2"),
    # A JWT, whole or cut off: every JSON object begins with `eyJ` in base64.
    (re.compile(r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}"), MASK),
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9\-._~+/]{4,}=*", re.IGNORECASE), rf"\1 {MASK}"),
    # `scheme://user:password@host`
    (re.compile(r"(://[^\s:/@]*):[^\s/]+@"), rf"\1:{MASK}@"),
    # `password=...`, `"secret": "..."`, `?token=...`
    (
        re.compile(
            rf"\b({_NAMES_IN_TEXT})(['\"]?\s*[=:]\s*)(?!\[redacted\])"
            r"(?:\"[^\"]*\"?|'[^']*'?|[^\s,;&\"'})]+)",
            re.IGNORECASE,
        ),
        rf"\1\2{MASK}",
    ),
    # The link of an invitation, which opens an account; the id of one opens nothing.
    (re.compile(r"(/invitations/)(?!inv_[a-z2-7]{26}(?![\w-]))[\w-]+"), rf"\1{MASK}"),
    # SQL: `PASSWORD '...'`, `IDENTIFIED BY '...'`
    (re.compile(r"\b(password|identified\s+by)\s+'[^']*'?", re.IGNORECASE), rf"\1 '{MASK}'"),
)
# What no rule can match without: most texts of most log lines have none of it.
_SUSPECT = re.compile(
    r"eyJ|://|[=:]|/invitations/|\b(?:basic|bearer|identified|password)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept: of one text, of one list or object, in depth, and of everything."""

    text: int = 2_000
    items: int = 100
    depth: int = 8
    total: int = 16_000


_DEFAULT_LIMITS = Limits()
_LONGEST_KEY = 100


def redact(parameters: Mapping[str, Any] | None, *, limits: Limits = _DEFAULT_LIMITS) -> Any:
    """Return a copy of a tool's parameters without secrets, made of JSON values, of bounded size.

    A value under a key that names a secret (in any case and spelling, at any depth) is masked
    whole; in every other text, what looks like a token or a password is.
    """
    return _Redactor(limits).copy_object(parameters or {}, 0)


def redact_text(text: str) -> str:
    """Return `text` without tokens, and without passwords in URLs and assignments."""
    if not _SUSPECT.search(text):
        return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=1024)
def is_secret_key(key: str) -> bool:
    """Say whether the value under `key` is a secret by its name."""
    plain = re.sub(r"[^a-z0-9]", "", key.lower())
    return plain not in _HARMLESS_KEYS and bool(_SECRET_KEYS.search(plain))


class _Redactor:
    """One copy, with what is left of its budget."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.total

    def copy_object(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in value.items():
            if len(result) >= self._limits.items or self._left <= 0:
                result["..."] = f"{len(value) - len(result)} more"
                break
            name = redact_text(str(key)[:_LONGEST_KEY])
            self._left -= len(name)
            secret = is_secret_key(str(key)[:_LONGEST_KEY]) and item not in (None, "", False, True)
            result[name] = MASK if secret else self._copy(item, depth + 1)
        return result

    def _copy_list(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        result: list[Any] = []
        for item in value:
            if len(result) >= self._limits.items or self._left <= 0:
                result.append(f"... {len(value) - len(result)} more")
                break
            result.append(self._copy(item, depth + 1))
        return result

    def _copy(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool | int | float):
            self._left -= 8
            return value
        if isinstance(value, bytes | bytearray):
            return f"{len(value)} bytes"
        if depth > self._limits.depth:
            return "..."
        if isinstance(value, Mapping):
            return self.copy_object(value, depth)
        if isinstance(value, list | tuple):
            return self._copy_list(value, depth)
        return self._copy_text(str(value))

    def _copy_text(self, text: str) -> str:
        most = max(0, min(self._limits.text, self._left))
        # Rules run on a bounded text: a secret that this cuts in two is masked as well.
        clean = redact_text(text[: 4 * most])
        self._left -= min(len(clean), most)
        if len(text) <= most and len(clean) <= most:
            return clean
        return f"{clean[:most]}... ({len(text)} characters)"
