"""Networks that correct what a mixture estimates: diffusion, and straight flows."""
