"""Take a step of a claim by its name."""

from service.ledger import dispute

ACTIONS = ("evidence", "accept", "contest", "counter-claim", "withdraw", "decide", "appeal")


def take(claim, action, actor, *, now, decision):
    decided = {"others_may": True, "now": now}
    steps = {
        "evidence": lambda: dispute.add_evidence(claim, actor, now=now),
        "accept": lambda: dispute.accept(claim, actor, now=now),
        "contest": lambda: dispute.contest(claim, actor, now=now),
        "counter-claim": lambda: dispute.contest(claim, actor, now=now, counter=True),
        "withdraw": lambda: dispute.withdraw(claim, actor, now=now),
        "decide": lambda: dispute.decide(claim, decision, actor, **decided),
        "appeal": lambda: dispute.appeal(claim, actor, now=now),
    }
    return steps[action]()
