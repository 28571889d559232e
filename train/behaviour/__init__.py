"""Behavioural tests in Arabic, made from labelled sentences, the lists and templates."""
