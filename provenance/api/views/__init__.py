"""Views of the API of provenance, one module a resource."""
