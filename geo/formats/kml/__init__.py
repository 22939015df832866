"""KML and its zips: the placemarks, and their shapes."""
