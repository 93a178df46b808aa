"""Read single values: clock, quantities, times, formulas, keyframes, and the JSON shape of each."""
