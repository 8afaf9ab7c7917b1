"""Files to model: positions, schemas, tokens, rules. Pure but for reading the files."""
