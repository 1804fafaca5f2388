"""Staff pages, through HTTP."""
