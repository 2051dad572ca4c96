"""Where Redis is: a URL, parsed once into an `Endpoint` (`Redix.URI`, `Redix.StartOptions`).

The parsing is redis-py's `parse_url`. What it lets through in silence (a database that is no number, a host
in a `unix://` URL, options that would switch our rules off) is refused here, with the accepted forms and the
value given. A password is shown in no message, no log and no `repr`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import ParseResult, quote, urlparse

from redis.asyncio.connection import parse_url

from actors.errors import BadValueError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 6379
MASK = "*****"

_LATER = ("sentinel", "cluster")
_SSL_OPTIONS = frozenset({
    "ssl_ca_certs", "ssl_ca_data", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname",
    "ssl_ciphers", "ssl_keyfile", "ssl_password",
})  # fmt: skip
_SSL_CERT_REQS = ("none", "optional", "required")
_OPTIONS = {
    "redis": frozenset({"client_name", "db"}),
    "rediss": frozenset({"client_name", "db"}) | _SSL_OPTIONS,
    "unix": frozenset({"client_name", "db"}),
    "embedded": frozenset({"client_name", "db"}),
}
_FORMS = """\
  redis://[[user]:password@]host[:port][/db]     a server, by default 127.0.0.1:6379/0
  rediss://[[user]:password@]host[:port][/db]    the same through TLS; ?ssl_ca_certs=… as in redis-py
  unix://[[user]:password@]/path[?db=N]          a server's Unix socket
  embedded://                                    fakeredis inside this program, private to the connection
  embedded://name                                the same, shared by all in this program that use the name
A reserved character in a user or a password is percent-encoded: %40 for @, %3A for :, %2F for /, %23 for
#."""
_QUERY_PASSWORD = re.compile(r"([?&][^=&#]*password=)[^&#]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One Redis, as a URL names it.

    Attributes:
        scheme: `"redis"`, `"rediss"`, `"unix"` or `"embedded"`.
        host: the host of `redis` and `rediss`; `""` otherwise.
        port: its TCP port; 0 where there is none.
        path: the socket of `unix`; `""` otherwise.
        name: the shared server of `embedded`; `""` for a private one, and for every other scheme.
        database: the number that SELECT gets.
        username: the ACL user, or `None` for Redis's default user.
        password: its password, or `None`; shown nowhere.
        client_name: what CLIENT SETNAME gets, or `None`.
        ssl: redis-py's `ssl_…` options for `rediss`, as pairs.
    """

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""
    name: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_name: str | None = None
    ssl: tuple[tuple[str, str | bool], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, url: object) -> Endpoint:
        """The endpoint that a URL names (`Redix.URI.to_start_options/1`).

        Args:
            url: one of the forms that this module's errors list.

        Raises:
            BadValueError: a `ValueError`, for whatever is no such form: what was wrong, the accepted forms,
                and the value given with its password masked.
        """
        if not isinstance(url, str):
            _refuse("a Redis URL is a str", url)
        if not url:
            _refuse("the Redis URL is empty", url)
        if re.search(r"\s", url):
            _refuse("there is white space in the Redis URL", url)
        try:
            parts = urlparse(url)
        except ValueError:  # its text may show a part of the password
            _refuse("the Redis URL cannot be read: its brackets don't match", url)
        if parts.scheme in _LATER and "://" in url:
            _refuse(f"{parts.scheme}:// comes in a later release", url)
        if parts.scheme not in _OPTIONS or "://" not in url:
            _refuse("the Redis URL has none of the accepted schemes", url)
        _check_parts(parts, url)
        return _embedded(parts, url) if parts.scheme == "embedded" else _from_redis_py(parts, url)

    def masked(self) -> str:
        """The URL for logs, its password shown as `*****`, its options left out."""
        user = ""
        if self.password is not None:
            user = f"{quote(self.username or '', safe='')}:{MASK}@"
        match self.scheme:
            case "unix":
                return f"unix://{user}{self.path}?db={self.database}"
            case "embedded":
                return f"embedded://{self.name}" + (f"?db={self.database}" if self.database else "")
            case _:
                host = f"[{self.host}]" if ":" in self.host else self.host
                return f"{self.scheme}://{user}{host}:{self.port}/{self.database}"

    def __str__(self) -> str:
        return self.masked()


def mask(url: str) -> str:
    """Any text that should have been a Redis URL, with what may be its password masked.

    Written for URLs that could not be parsed: it masks too much rather than too little.
    """
    before, at, after = url.rpartition("@")
    if at:
        scheme, slashes, user_info = before.rpartition("//") if "//" not in before else before.partition("//")
        user, colon, _password = user_info.partition(":")
        shown = f"{user}:{MASK}" if slashes and colon else MASK
        url = f"{scheme}{slashes}{shown}@{after}"
    return _QUERY_PASSWORD.sub(rf"\g<1>{MASK}", url)


def _check_parts(parts: ParseResult, url: str) -> None:
    """Refuse what `parse_url` would read past, or would report with a part of the password."""
    if parts.fragment or url.endswith("#"):
        _refuse("there is a # in the Redis URL", url)
    if "@" in parts.query or ("@" in parts.path and parts.scheme != "unix"):
        _refuse("there is a / or a ? before an @ in the Redis URL", url)
    if "@" in parts.netloc and not parts.password:
        # Redix's rule: a lone word before @ is as likely a password as a user, and neither works alone
        _refuse("a user in the Redis URL needs a password", url)
    for pair in filter(None, parts.query.split("&")):
        option = pair.partition("=")[0]
        if option not in _OPTIONS[parts.scheme]:
            accepted = ", ".join(sorted(_OPTIONS[parts.scheme]))
            _refuse(f"{parts.scheme}:// has no option {option!r} (it has {accepted})", url)


def _from_redis_py(parts: ParseResult, url: str) -> Endpoint:
    if parts.scheme == "unix":
        if parts.netloc.rpartition("@")[2]:
            _refuse("a unix:// URL has no host: the path stands after three slashes", url)
        if parts.path in {"", "/"}:
            _refuse("a unix:// URL needs the path of the server's socket", url)
    else:
        _check_port(parts, url)
        if not re.fullmatch(r"/?|/[0-9]+/?", parts.path):
            _refuse("the database in the Redis URL is a number from 0 on", url)
    try:
        options: dict[str, object] = dict(parse_url(url))
    except ValueError:
        _refuse("the Redis URL has an option that cannot be read; db is a number", url)
    database = options.get("db", 0)
    if not isinstance(database, int) or database < 0:
        _refuse("the database in the Redis URL is a number from 0 on", url)
    if options.get("ssl_cert_reqs", "required") not in _SSL_CERT_REQS:
        _refuse(f"ssl_cert_reqs is one of {', '.join(_SSL_CERT_REQS)}", url)
    tcp = parts.scheme != "unix"
    return Endpoint(
        scheme=parts.scheme,
        host=str(options.get("host", DEFAULT_HOST)) if tcp else "",
        port=int(str(options.get("port", DEFAULT_PORT))) if tcp else 0,
        path="" if tcp else str(options["path"]),
        database=database,
        username=_text(options.get("username")),
        password=_text(options.get("password")),
        client_name=_text(options.get("client_name")),
        ssl=tuple(
            (option, value)
            for option, value in options.items()
            if option in _SSL_OPTIONS and isinstance(value, str | bool)
        ),
    )


def _embedded(parts: ParseResult, url: str) -> Endpoint:
    if "@" in parts.netloc:
        _refuse("embedded:// has no users and no passwords", url)
    if not re.fullmatch(r"[A-Za-z0-9_.-]*", parts.netloc) or parts.path not in {"", "/"}:
        _refuse("the name in embedded://name is made of letters, digits, _ . and -", url)
    query = dict(pair.partition("=")[::2] for pair in filter(None, parts.query.split("&")))
    if not re.fullmatch(r"[0-9]{1,9}", query.get("db", "0")):
        _refuse("the database in the Redis URL is a number from 0 on", url)
    return Endpoint(
        scheme="embedded",
        name=parts.netloc,
        database=int(query.get("db", "0")),
        client_name=query.get("client_name") or None,
    )


def _check_port(parts: ParseResult, url: str) -> None:
    try:
        port = parts.port
    except ValueError:  # its text may show a part of the password
        port = 0
    if port == 0:
        _refuse("the port in the Redis URL is a number from 1 to 65535", url)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _refuse(what: str, url: object) -> NoReturn:
    if isinstance(url, str):
        got = repr(mask(url))
    elif url is None:
        got = "None"
    else:  # it may hold a password
        got = f"a value of type {type(url).__name__}"
    raise BadValueError(f"{what}. Accepted:\n{_FORMS}\nGot: {got}") from None
