"""What the API of voices takes and answers, one module a resource."""
