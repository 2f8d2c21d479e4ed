"""Characters: folders that an artist can read and copy, and what is found out with them."""
