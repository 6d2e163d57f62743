"""Mode S messages of aircraft at 1,090 MHz, ADS-B among them."""
