"""Many patches: tables in, tables out, on this machine or on a cluster."""
