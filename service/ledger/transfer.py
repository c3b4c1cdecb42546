"""A transfer: what of a payout is tax, what fee, and what reaches the payee in its currency."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.ledger import accounts, tax
from service.ledger.errors import LedgerError
from service.ledger.exchange import Rate
from service.ledger.journal import Kind
from service.ledger.money import PPM, floor_to_minor, format_nanos, minor_unit_nanos
from service.ledger.payout import PayoutState


class NothingLeft(LedgerError):
    """Tax and fee leave nothing of a payout, or less than the payee's currency can pay."""

    def __init__(self, currency: str, *, gross_nanos: int, tax_nanos: int, fee_nanos: int) -> None:
        super().__init__(
            f"of {format_nanos(gross_nanos)} {currency} a tax of {format_nanos(tax_nanos)} and a "
            f"fee of {format_nanos(fee_nanos)} leave nothing to pay",
            currency=currency,
            gross_nanos=gross_nanos,
            tax_nanos=tax_nanos,
            fee_nanos=fee_nanos,
        )


@dataclass(frozen=True, slots=True)
class Fee:
    """What a transfer costs its payee: an amount and a part of the gross, to the minor unit."""

    fixed_nanos: int = 0
    ppm: int = 0

    def of(self, gross_nanos: int, currency: str) -> int:
        """Return the fee of an amount; the part is rounded down in the holder's favour."""
        return self.fixed_nanos + floor_to_minor(gross_nanos * self.ppm // PPM, currency)


@dataclass(frozen=True, slots=True)
class Transfer:
    """gross = tax + fee + net in the earning currency; ``paid_nanos`` in the payee's.

    Without exchange paid = net. ``tax_rule``: code of the rule, empty where nothing is withheld.
    """

    holder_id: int
    currency: str
    gross_nanos: int
    tax_rule: str
    tax_nanos: int
    fee_nanos: int
    to_currency: str
    paid_nanos: int

    @property
    def net_nanos(self) -> int:
        """What leaves the bank in the earning currency."""
        return self.gross_nanos - self.tax_nanos - self.fee_nanos

    @property
    def exchanged(self) -> bool:
        """Whether the payee is paid in another currency."""
        return self.to_currency != self.currency

    def __post_init__(self) -> None:
        assert min(self.tax_nanos, self.fee_nanos) >= 0, "a transfer costs nobody less than nothing"
        assert min(self.net_nanos, self.paid_nanos) > 0, "a transfer pays something"
        assert self.exchanged or self.paid_nanos == self.net_nanos, "net is paid"


def divide(
    holder_id: int,
    currency: str,
    gross_nanos: int,
    *,
    tax_rule: str = "",
    tax_ppm: int = 0,
    fee: Fee | None = None,
    rate: Rate | None = None,
) -> Transfer:
    """Divide what is due to a holder into tax, fee and what is paid.

    With a ``rate``, no more is taken than what buys whole minor units of the payee's currency: the
    rest is not taxed and stays payable. What is paid is never less than what the whole would have
    bought. Raises NothingLeft.
    """
    taken, costs = gross_nanos, fee or Fee()
    while True:
        withheld = tax.withheld(taken, tax_ppm, currency)
        charged = costs.of(taken, currency)
        net = taken - withheld - charged
        paid = rate.buys(max(net, 0)) if rate else max(net, 0)
        if not paid:
            raise NothingLeft(
                currency, gross_nanos=gross_nanos, tax_nanos=withheld, fee_nanos=charged
            )
        spent = rate.costs(paid) if rate else net
        if spent == net:
            to = rate.target if rate else currency
            rule = tax_rule if withheld else ""
            return Transfer(holder_id, currency, taken, rule, withheld, charged, to, paid)
        # what is not taken is not taxed either: the tax on it may buy more
        taken -= _spare(net - spent, tax_ppm + costs.ppm, currency)


def _spare(left_nanos: int, ppm: int, currency: str) -> int:
    """Return how much less can be taken for sure where so much of the net buys nothing.

    Net is at most two minor units (of tax and of fee) above its part of what is taken, so a jump
    that leaves two of them never leaves too little.
    """
    far = (left_nanos - 2 * minor_unit_nanos(currency)) * PPM // (PPM - ppm)
    return max(far, left_nanos)


Legs = Mapping[Kind, tuple[str, dict[str, int]]]
"""Currency and legs of each entry, debit positive; legs of nothing are left out when posted."""


def entries(
    one: Transfer,
    *,
    wanted: PayoutState,
    state: PayoutState | None = None,
    bank_nanos: int | None = None,
) -> Legs:
    """Return what a step posts; nothing for one that only was sent.

    ``state``: what the payout was before; a returned one goes back from where the money was.
    ``bank_nanos``: what the bank took for a confirmed exchange, or gave back for one it had
    confirmed, in the earning currency; what it differs from the rate on file stays with ``fx:``.
    """
    moved = one.net_nanos if bank_nanos is None else bank_nanos
    assert one.exchanged or moved == one.net_nanos, "without exchange the bank moves the net"
    if wanted is PayoutState.RESERVED:
        return _reserved(one)
    if wanted is PayoutState.CONFIRMED:
        return _confirmed(one, moved)
    if wanted is PayoutState.RETURNED:
        return _returned(one, moved if state is PayoutState.CONFIRMED else None)
    return {}


def _reserved(one: Transfer) -> Legs:
    clearing, fx = accounts.PAYOUT_CLEARING, accounts.exchange(one.currency, one.to_currency)
    said = {Kind.PAYOUT: (one.currency, {**_taken(one), clearing: -one.net_nanos})}
    if one.exchanged:
        out = {clearing: one.net_nanos, fx: -one.net_nanos}
        said[Kind.FX_OUT] = (one.currency, out)
        said[Kind.FX_IN] = (one.to_currency, {fx: one.paid_nanos, clearing: -one.paid_nanos})
    return said


def _confirmed(one: Transfer, took_nanos: int) -> Legs:
    clearing, fx = accounts.PAYOUT_CLEARING, accounts.exchange(one.currency, one.to_currency)
    paid_from = fx if one.exchanged else accounts.BANK
    legs = {clearing: one.paid_nanos, paid_from: -one.paid_nanos}
    said = {Kind.PAYOUT_CONFIRMED: (one.to_currency, legs)}
    if one.exchanged:
        said[Kind.FX_SETTLED] = (one.currency, {fx: took_nanos, accounts.BANK: -took_nanos})
    return said


def _returned(one: Transfer, got_nanos: int | None) -> Legs:
    clearing, fx = accounts.PAYOUT_CLEARING, accounts.exchange(one.currency, one.to_currency)
    given_back = {account: -nanos for account, nanos in _taken(one).items()}
    if got_nanos is not None:
        legs = {accounts.BANK: got_nanos, **given_back}
        if one.net_nanos != got_nanos:
            legs[fx] = one.net_nanos - got_nanos
        return {Kind.PAYOUT_RETURNED: (one.currency, legs)}
    came_from = fx if one.exchanged else clearing
    said = {Kind.PAYOUT_RETURNED: (one.currency, {came_from: one.net_nanos, **given_back})}
    if one.exchanged:
        back = {clearing: one.paid_nanos, fx: -one.paid_nanos}
        said[Kind.FX_RETURNED] = (one.to_currency, back)
    return said


def _taken(one: Transfer) -> dict[str, int]:
    """Return what a payout takes from its holder, and to whom tax and fee go."""
    legs = {accounts.holder_payable(one.holder_id): one.gross_nanos}
    if one.tax_nanos:
        legs[accounts.tax_payable(one.tax_rule)] = -one.tax_nanos
    if one.fee_nanos:
        legs[accounts.PLATFORM_FEE] = -one.fee_nanos
    return legs
