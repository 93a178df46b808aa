"""Work in processes of its own: renders, looks, previews. A process may die at any moment; the server goes on."""
