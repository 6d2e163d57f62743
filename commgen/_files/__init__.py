"""Files: those of others read with care, own ones written whole, and what made them."""
