"""Sentences out to annotation tools and back: every label by every tool, and nothing guessed."""
