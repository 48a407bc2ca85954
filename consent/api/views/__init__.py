"""Views of the API of consent."""
