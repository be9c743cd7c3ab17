"""A sign or a number of a part, and powers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symjac.notation.tree import Call, Group, Num, Sum
from symjac.verify.changes.costs import Cost
from symjac.verify.changes.edit import Edit
from symjac.verify.phrase import phrase
from symjac.verify.scalars import scaled
from symjac.verify.sites import (
    bare,
    is_application,
    negated,
    plus,
    product,
)
from symjac.verify.view import View


def other_numbers(view: View) -> Iterator[Edit]:
    """a + b: c a + b. With a formula that is affine in the term, left = f(0) + c (f(a) − f(0))."""
    for site in view.sites:
        if isinstance(site.parent, Sum):
            term = site.node
            without = site.put(product(Num("0"), term))
            yield Edit(
                kind="factor",
                text="",
                span=term.span,
                asked=plus(view.root, negated(without)),
                cost=Cost.NUMBER_OF_TERM,
                beside=without,
                finish=lambda c, site=site: site.put(scaled(site.node, c)),  # type: ignore[misc]
                part=term,
                keeps=True,
            )


def inner_signs(view: View) -> Iterator[Edit]:
    """f(x): f(−x)."""
    for site in view.sites:
        parent = site.parent
        inside = isinstance(parent, Call) or (parent is not None and is_application(parent, view.applies))
        if inside or (isinstance(site.node, Group) and any(isinstance(a, Call) for a in site.above[-1:])):
            text = f"the sign of {phrase(site.node)} is wrong"
            yield Edit("sign", text, site.node.span, site.put(negated(bare(site.node))), Cost.INNER_SIGN, keeps=True)


def powers(view: View) -> Iterator[Edit]:
    """x^n: x^{n−1}, x^{n+1}."""
    for node, put in view.scripted():
        if isinstance(node.sup, Num) and node.sup.text.isdigit() and view.is_power(node):
            power = int(node.sup.text)
            for new, kind in ((power - 1, "extra_factor"), (power + 1, "missing_factor")):
                if new >= 1:
                    changed = node.base if new == 1 and not node.sub else replace(node, sup=Num(str(new)))
                    of = phrase(replace(node, sup=None) if node.sub else node.base)
                    text = f"the power of {of} should be {new}, not {power}"
                    yield Edit(kind, text, node.span, put(changed), Cost.POWER, keeps=True)
