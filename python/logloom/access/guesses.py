"""How many unknown credentials one address may show: who guesses gets slow, and who is known already is not touched."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

__all__ = ["Guesses", "host_of"]

BURST: Final = 20.0
"""So many at once."""
PER_S: Final = 0.5
"""And so many a second after that."""
HOSTS_MAX: Final = 4096
"""Of so many addresses it is known; the one that was silent for longest is forgotten."""
PREFIX_BITS: Final = 64
"""Of IPv6 all addresses of one network count as one: a machine has as many of those as it likes."""


class Guesses:
    """What each address has left; for one event loop."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, host: str) -> float:
        """Take one; 0.0, or in how many seconds there is one again."""
        left, now_s = self._now(host)
        if left < 1.0:
            return (1.0 - left) / PER_S
        self._keep(host, left - 1.0, now_s)
        return 0.0

    def give_back(self, host: str) -> None:
        """It was no guess."""
        left, now_s = self._now(host)
        self._keep(host, min(left + 1.0, BURST), now_s)

    def _now(self, host: str) -> tuple[float, float]:
        now_s = self._clock()
        left, then_s = self._left.get(host, (BURST, now_s))
        return min(left + (now_s - then_s) * PER_S, BURST), now_s

    def _keep(self, host: str, left: float, now_s: float) -> None:
        self._left[host] = (left, now_s)
        self._left.move_to_end(host)
        if len(self._left) > HOSTS_MAX:
            self._left.popitem(last=False)


def host_of(peer: str) -> str:
    """Whose guesses those of `peer` are: `127.0.0.1` of `127.0.0.1:53216`, `2001:db8::/64` of `[2001:db8::1]:53216`."""
    host = peer.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host or peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, PREFIX_BITS), strict=False))
    return host
