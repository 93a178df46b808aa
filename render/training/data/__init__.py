"""The pictures and texts that training uses: scenes, photographs, phrases, and the teacher's vectors of them."""
