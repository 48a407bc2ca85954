"""How pages write times: one module a language, as Django looks for them."""
