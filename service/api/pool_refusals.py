"""Refusals about unmatched pools: their HTTP status, and the field each speaks of."""

from collections.abc import Mapping

from service.ledger import interest, pool_release, pool_rule
from service.ledger.errors import LedgerError
from service.store import pool_approvals, pool_plans, pool_rules, pools

STATUS: Mapping[type[LedgerError], int] = {
    pools.PoolNotFound: 404,
    pool_rules.RuleNotFound: 404,
    pool_approvals.PoolApprovalsMissing: 409,
    pool_approvals.PoolChanged: 409,
    pool_plans.PoolUnsettled: 409,
    pool_plans.WindowOpen: 409,
    pool_release.NobodyGains: 409,
    pool_release.NothingInPool: 409,
    pool_release.PoolTooLarge: 409,
    pool_rule.NoRule: 409,
    pool_rules.RuleTaken: 409,
    pools.PoolReleased: 409,
    interest.BadRate: 422,
    pool_rule.BadRule: 422,
    pool_rules.FundNotFound: 422,
}

PLACE: Mapping[type[LedgerError], str] = {
    pool_rules.FundNotFound: "steps",
    pool_rules.RuleTaken: "name",
}
