"""Who may use the API: programs that know the token, and the page that was opened with it.

Every request passes three checks before anything else is looked at. Its `Host` must be a name of this server, because
a stranger's page can give its own name our address (DNS rebinding). It must not come from a page of another origin. And
it must carry the token, or the cookie that the opened address has set.
"""

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST = 16_384  # bytes of a Cookie header that are parsed


@dataclass(frozen=True, kw_only=True)
class Access:
    """The rules of one server.

    Attributes:
        token: what programs send as `Authorization: Bearer TOKEN`, and the page once, in its address.
        hosts: names and addresses by which the server may be called.
        any_address: whether every IP address is a name of the server too: it listens beyond this machine. A page cannot
            make an address its own name.
        session: the value of the page's cookie; not the token, which is good for other programs.
        cookie: its name, which differs by port, since cookies do not.
    """

    token: str = field(repr=False)
    hosts: frozenset[str] = _HERE
    any_address: bool = False
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    cookie: str = "studio"

    @classmethod
    def of(cls, token: str, host: str, port: int, names: Iterable[str] = ()) -> "Access":
        """The rules of a server that listens on `host` and `port`; `names` are further names that it is called by."""
        beyond = not is_loopback(host)
        known = {*_HERE, host.lower(), *(name.lower() for name in names)}
        if beyond:
            known |= {socket.gethostname().lower()}
        return cls(token=token, hosts=frozenset(known), any_address=beyond, cookie=f"studio-{port}")

    def knows_host(self, headers: Headers) -> bool:
        """Whether the request names this server, once."""
        written = headers.getlist("host")
        if len(written) != 1:
            return False
        name = _hostname(written[0])
        return name in self.hosts or (self.any_address and _is_address(name))

    def is_own_origin(self, headers: Headers) -> bool:
        """Whether the request comes from a program, from our page, or from the address bar."""
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return False
        origins, host = headers.getlist("origin"), headers.get("host", "")
        return all(origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower()) for origin in origins)

    def is_allowed(self, headers: Headers) -> bool:
        """Whether the request carries the token, or the cookie."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _same(given.strip(), self.token)
        return _same(self._cookie(headers), self.session)

    def opens(self, token: str) -> bool:
        """Whether this is the token in the address of the page."""
        return _same(token, self.token)

    def _cookie(self, headers: Headers) -> str:
        written = headers.get("cookie", "")
        if len(written) > LONGEST:
            return ""
        try:
            found = SimpleCookie(written).get(self.cookie)
        except CookieError:
            return ""
        return found.value if found else ""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on this host."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def _hostname(written: str) -> str:
    """The name in a Host header, without the port; "" if it is none."""
    name, bracket, port = written.strip().lower().rpartition("]")
    if bracket:
        return name.removeprefix("[") if name.startswith("[") and (not port or port[1:].isdecimal()) else ""
    name, colon, port = written.strip().lower().partition(":")
    return name.removesuffix(".") if not colon or port.isdecimal() else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
