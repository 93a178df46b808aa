"""VQGAN's second stage: transformers that have learned which codes follow each other, and how codes are drawn."""
