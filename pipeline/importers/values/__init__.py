"""The numbers of other tools: their arithmetic, keyframe strings, and the curves that carry them."""
