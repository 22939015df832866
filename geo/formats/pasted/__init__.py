"""Text with coordinates in it, as a file or as somebody pastes it: survey TXT, lines of numbers, WKT, GeoJSON, KML."""
