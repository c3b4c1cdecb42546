"""Which status answers which refusal about webhooks."""

from collections.abc import Mapping

from service.ledger.errors import LedgerError
from service.store import public_address, webhook_log, webhook_replays, webhook_secrets, webhooks

STATUS: Mapping[type[LedgerError], int] = {
    webhooks.WebhookNotFound: 404,
    webhook_log.DeliveryNotFound: 404,
    webhook_replays.DeliveryUnderWay: 409,
    webhook_secrets.TooManySecrets: 409,
    webhooks.TooManyWebhooks: 409,
    webhooks.NotYourWebhook: 403,
    webhooks.WebhookDisabled: 409,
    webhooks.WebhookChanged: 412,
    public_address.AddressRefused: 422,
    public_address.BadNetworks: 503,
}
