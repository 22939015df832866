"""Ways round what must be cleared, in a plane of metres: trim, shift, turn, and the bypass of a corridor."""
