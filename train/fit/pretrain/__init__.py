"""Masked-language-model training of an encoder, from scratch or on a user's own archive."""
