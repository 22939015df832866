"""The made-up ground: plane and outline, relief, rivers, and how it is cut into coverages."""
