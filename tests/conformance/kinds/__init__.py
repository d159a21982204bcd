"""One file a kind of expectation. Each turns a source of the manifest into cases and runs them."""
