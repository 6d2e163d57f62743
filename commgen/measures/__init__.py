"""Decibels, errors, intervals, crossings: numbers alone, of no radio."""
