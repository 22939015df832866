"""DXF drawings: which of their entities are shapes, and what names them."""
