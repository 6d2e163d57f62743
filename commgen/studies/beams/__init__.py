"""How much precoders reach of the rate, with what is known of the channels."""
