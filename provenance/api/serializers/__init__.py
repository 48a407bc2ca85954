"""What the API of provenance takes and answers, one module a resource."""
