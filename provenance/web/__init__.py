"""The public pages: the first page, `/verify`, and feedback on its answers."""
