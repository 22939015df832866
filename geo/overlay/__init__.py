"""Ground shared and ground counted once: a few shapes cut as they are, or many against a layer's index.

    overlap(subjects, zones), flatten(shapes), divide(subjects, zones)      cutting.py
    Index.of(zones): areas(subjects), pieces(subjects), save, load          index.py, which loads numba: import it there

Shapes are valid polygons or multipolygons of one CRS in degrees; edges are straight in its coordinates.
"""

from geo.overlay.cutting import Mask, Pieces, areal, broad, counted_once, divide, flatten, overlap

__all__ = ["Mask", "Pieces", "areal", "broad", "counted_once", "divide", "flatten", "overlap"]
