"""Files as strangers bring them, read safely: tables as rows of texts, shapes by a library in a process of its own."""
