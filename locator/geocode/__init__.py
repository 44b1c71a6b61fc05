"""Finding a place: typed coordinates, the embedded gazetteer, services elsewhere, and their chain."""
