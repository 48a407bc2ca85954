"""What the REST API of every room shares: parsing, forms, lists, and the parts of its document."""
