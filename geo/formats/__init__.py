"""The exchange formats: one file each, chosen by the ending and by the first bytes, which must agree."""
