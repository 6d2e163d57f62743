"""How much designed signals gain, by theory and in coded blocks."""
