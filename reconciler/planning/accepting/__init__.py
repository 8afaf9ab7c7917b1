"""Taking live state over into the files: what they would have to say, and the texts that say it."""
