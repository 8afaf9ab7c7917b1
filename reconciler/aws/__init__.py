"""Sessions, call budgets, errors and the cache of immutable answers."""
