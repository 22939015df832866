"""What the public may see of a shape: nothing finer than a width, on a grid of few decimals.

    outlines(shapes, widths_m=, decimals=)     coverage.py: polygons whose shared borders move alike
    lines(…), points(…), marks(…)              grid.py: lines and points; one point for what is too small to draw
    cells(shapes, classes, decimals=), Canvas  cells.py: many small or thin shapes as whole cells of the grid, by class

Shapes are EPSG:4490. Every coordinate given out equals round(x, decimals). The same input gives the same bytes, in
whatever order it comes. Widths and decimals are arguments, after 公开地图内容表示规范 自然资规〔2023〕2号 (thresholds
unconfirmed: data/standards/public.toml).
"""

from geo.generalising.cells import Canvas, cells
from geo.generalising.coverage import outlines
from geo.generalising.grid import lines, marks, points

__all__ = ["Canvas", "cells", "lines", "marks", "outlines", "points"]
