"""What tests need around them: servers, concurrency, counting."""
