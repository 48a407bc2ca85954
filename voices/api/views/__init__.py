"""Views of the API of voices, one module a resource."""
