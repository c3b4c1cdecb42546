"""Properties run without a clock: a busy machine is no counterexample."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ledger", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ledger")
