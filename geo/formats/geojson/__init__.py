"""GeoJSON, and the JSON documents it stands in, read as they come."""
