"""Self-billing invoices as Factur-X, profile BASIC: the payer writes what the payee would."""

import re
from dataclasses import dataclass
from datetime import date

from facturx import xml_check_xsd
from lxml import etree

from service.ledger.errors import LedgerError
from service.ledger.money import floor_to_minor, format_nanos

PROFILE = "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic"
SELF_BILLED, SELF_BILLED_CREDIT = "389", "261"
_RSM = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
_RAM = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
_UDT = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
_QDT = "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"
_NAMESPACES = {"rsm": _RSM, "ram": _RAM, "udt": _UDT, "qdt": _QDT}
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_UNTAXED = "Not subject to VAT"


class InvoiceInvalid(LedgerError):
    """An invoice would not pass the check of its profile: it is not issued."""

    def __init__(self, number: str, reason: str) -> None:
        super().__init__(f"invoice {number}: {reason[:300]}", number=number, reason=reason[:300])


@dataclass(frozen=True, slots=True)
class InvoiceParty:
    """Seller or buyer. ``address``: at most three lines."""

    name: str
    country: str
    address: tuple[str, ...] = ()
    tax_number: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a payee bills for royalties of one statement, written by the payer in its name.

    The total is the gross of the payout, cut to the minor unit; tax and fee withheld at payment are
    told in ``notes``, they are no part of the price. ``credits``: number and day of the invoice
    that this one takes back whole; its amounts are positive like those.
    """

    number: str
    issued_on: date
    seller: InvoiceParty
    buyer: InvoiceParty
    currency: str
    gross_nanos: int
    statement: str
    payment_reference: str
    notes: tuple[str, ...] = ()
    credits: tuple[str, date] | None = None

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"Self-billing {'credit note' if self.credits else 'invoice'} {self.number}"

    @property
    def total(self) -> str:
        """The total with the digits that invoices have: two."""
        return format_nanos(floor_to_minor(self.gross_nanos, self.currency), digits=2)


def factur_x(one: Invoice) -> bytes:
    """Return the invoice as XML, checked by the library that knows the profile.

    Raises InvoiceInvalid.
    """
    root = etree.Element(etree.QName(_RSM, "CrossIndustryInvoice"), nsmap=_NAMESPACES)
    context = _rsm(root, "ExchangedDocumentContext")
    _add(context, "GuidelineSpecifiedDocumentContextParameter/ID", PROFILE)
    document = _rsm(root, "ExchangedDocument")
    _add(document, "ID", one.number)
    _add(document, "TypeCode", SELF_BILLED_CREDIT if one.credits else SELF_BILLED)
    _date(_add(document, "IssueDateTime"), one.issued_on)
    for note in one.notes:
        _add(_add(document, "IncludedNote"), "Content", note)
    trade = _rsm(root, "SupplyChainTradeTransaction")
    _line(trade, one)
    agreement = _add(trade, "ApplicableHeaderTradeAgreement")
    _party(_add(agreement, "SellerTradeParty"), one.seller, sells=True)
    _party(_add(agreement, "BuyerTradeParty"), one.buyer)
    _add(trade, "ApplicableHeaderTradeDelivery")
    _settlement(_add(trade, "ApplicableHeaderTradeSettlement"), one)
    for party in (one.seller, one.buyer):
        if not (party.name and _COUNTRY.fullmatch(party.country)):
            raise InvoiceInvalid(one.number, "seller and buyer have a name and a country")
    made = bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
    try:
        xml_check_xsd(made, flavor="factur-x", level="basic")
    except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
        raise InvoiceInvalid(one.number, str(error)) from None
    return made


def _line(trade: etree._Element, one: Invoice) -> None:
    line = _add(trade, "IncludedSupplyChainTradeLineItem")
    _add(line, "AssociatedDocumentLineDocument/LineID", "1")
    _add(line, "SpecifiedTradeProduct/Name", f"Royalties, statement {one.statement}")
    price = _add(line, "SpecifiedLineTradeAgreement/NetPriceProductTradePrice")
    _add(price, "ChargeAmount", one.total)
    quantity = _add(_add(line, "SpecifiedLineTradeDelivery"), "BilledQuantity", "1")
    quantity.set("unitCode", "C62")
    settlement = _add(line, "SpecifiedLineTradeSettlement")
    _untaxed(_add(settlement, "ApplicableTradeTax"))
    total = "SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"
    _add(settlement, total, one.total)


def _settlement(settlement: etree._Element, one: Invoice) -> None:
    _add(settlement, "PaymentReference", one.payment_reference)
    _add(settlement, "InvoiceCurrencyCode", one.currency)
    tax = _add(settlement, "ApplicableTradeTax")
    _add(tax, "CalculatedAmount", "0.00")
    _add(tax, "TypeCode", "VAT")
    _add(tax, "ExemptionReason", _UNTAXED)
    _add(tax, "BasisAmount", one.total)
    _add(tax, "CategoryCode", "O")
    _add(_add(settlement, "SpecifiedTradePaymentTerms"), "Description", "Paid by transfer.")
    sums = _add(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
    _add(sums, "LineTotalAmount", one.total)
    _add(sums, "TaxBasisTotalAmount", one.total)
    _add(sums, "TaxTotalAmount", "0.00").set("currencyID", one.currency)
    _add(sums, "GrandTotalAmount", one.total)
    _add(sums, "DuePayableAmount", one.total)
    if one.credits:
        number, day = one.credits
        referenced = _add(settlement, "InvoiceReferencedDocument")
        _add(referenced, "IssuerAssignedID", number)
        _date(_add(referenced, "FormattedIssueDateTime"), day, _QDT)


def _party(node: etree._Element, party: InvoiceParty, *, sells: bool = False) -> None:
    _add(node, "Name", party.name)
    address = _add(node, "PostalTradeAddress")
    for tag, line in zip(("LineOne", "LineTwo", "LineThree"), party.address, strict=False):
        _add(address, tag, line)
    _add(address, "CountryID", party.country)
    if party.tax_number and sells:
        # what is not subject to VAT names no VAT number: the seller's local one (BT-32)
        _add(_add(node, "SpecifiedTaxRegistration"), "ID", party.tax_number).set("schemeID", "FC")


def _untaxed(tax: etree._Element) -> None:
    _add(tax, "TypeCode", "VAT")
    _add(tax, "CategoryCode", "O")


def _date(node: etree._Element, day: date, namespace: str = _UDT) -> None:
    stamp = etree.SubElement(node, etree.QName(namespace, "DateTimeString"), format="102")
    stamp.text = f"{day:%Y%m%d}"


def _rsm(root: etree._Element, tag: str) -> etree._Element:
    return etree.SubElement(root, etree.QName(_RSM, tag))


def _add(node: etree._Element, path: str, value: str | None = None) -> etree._Element:
    """Add elements of the business vocabulary below one another; the last holds the value."""
    for tag in path.split("/"):
        node = etree.SubElement(node, etree.QName(_RAM, tag))
    node.text = value
    return node
