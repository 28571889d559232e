"""Behavioural tests: what a case is, and how systems fare on cases."""
