"""How one value is read: clock, quantities, times, formulas, keyframes, and the JSON shape of each."""
