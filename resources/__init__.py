"""What assets and sensors are given to work with; no assets here."""
