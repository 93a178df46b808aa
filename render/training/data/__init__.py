"""The pictures and texts that training takes: scenes, photographs, phrases, and the teacher's vectors of them."""
