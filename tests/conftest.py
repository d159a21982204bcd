"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A busy machine is no failure; and the examples are the same in each run, so that none fails by chance.
settings.register_profile(
    "logloom", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("logloom")
