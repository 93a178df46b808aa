"""What the importers share: reading settings of other tools, their arithmetic, and carrying both over."""
