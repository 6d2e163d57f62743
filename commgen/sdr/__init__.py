"""Frames on live samples: trained models on simulated air, recordings and radios.

Runs on a radio host, under NumPy 1 or 2: nothing here loads TensorFlow, and GNU Radio
is loaded by what needs it only.
"""
