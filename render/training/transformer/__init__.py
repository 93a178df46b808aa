"""The transformer that draws first pictures from texts: scenes as codes, a fast training step, its export."""
