"""Find what moves between two pictures of footage: estimators, their check against each other, and a cache."""
