"""What starts runs and what tells people; the decisions are plain functions beside each sensor."""
