"""Chains of primes p_0, p_1 = 2 p_0 + 1, p_2 = 2 p_1 + 1, .. to calculate modulo, drawn by a hash.

Every prime of a chain is −1 modulo 840, which 2 p + 1 then is as well: so each is 3 modulo 4, and 2, 3, 5 and 7 are
squares modulo it. The last one has 30 or 31 bits, so that products fit in an int64. Longer chains are fewer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

LONGEST = 4
"""Primes of a chain: one more than exponentials are nested."""
LEAST, MOST = 1 << 29, 1 << 31
"""Between which the last prime of a chain is."""
COUNTS = {1: 399_862, 2: 41_714, 3: 4_408, 4: 456}
"""How many chains of a length there are: a number of b bits is 0 modulo the last prime of at most b / 29 of them."""

Chain = tuple[int, ...]

_SMALL = tuple(q for q in range(11, 100) if all(q % d for d in range(2, 10) if d < q))
_TRIED = 1 << 9


def digest(*parts: object) -> list[int]:
    """Seeds for NumPy's generators: the same on every machine, and not to be had but by working them out."""
    found = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return [int.from_bytes(found[at : at + 4], "big") for at in range(0, 32, 4)]


@lru_cache(maxsize=1024)
def chains(key: str, count: int, length: int) -> tuple[Chain, ...]:
    """`count` different chains of a length, each as likely as any other."""
    rng = np.random.default_rng(digest("chains", key, length))
    steps = 840 << (length - 1)
    found: dict[Chain, None] = {}
    while len(found) < count:
        first = 840 * rng.integers(LEAST // steps, MOST // steps, _TRIED, endpoint=True) - 1
        for chain in _chains_from(first, length):
            if LEAST < chain[-1] < MOST:
                found.setdefault(chain)
            if len(found) == count:
                break
    return tuple(found)


def _chains_from(first: np.ndarray, length: int) -> Iterator[Chain]:
    """The chains that begin with one of these numbers."""
    for link in range(length):
        for small in _SMALL:
            first = first[((first + 1 << link) - 1) % small != 0]
    several = (tuple((p + 1 << link) - 1 for link in range(length)) for p in first.tolist())
    yield from (chain for chain in several if all(map(is_prime, chain)))


def is_prime(n: int) -> bool:
    """Miller and Rabin's test to the bases 2, 3, 5 and 7: exact for odd n below 3,215,031,751."""
    odd = n - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    for base in (2, 3, 5, 7):
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True
