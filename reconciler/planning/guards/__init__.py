"""Guards: checks on a plan that can refuse it. Pure: settings, plan, facts and the time of day in, findings out."""
