"""The networks that are trained, and exported pairs loaded to be measured or painted with."""
