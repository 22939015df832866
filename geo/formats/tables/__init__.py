"""Coordinate tables, in CSV and in workbooks: rows that are corners of parcels, points, or shapes in WKT.

The columns are known by the words of their headings (headings.toml), else by values that can only be one thing.
"""
