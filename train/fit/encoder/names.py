"""What `encoder:` of a config may say beside a directory and a hub id; light to import."""

from __future__ import annotations

SCRATCH = "scratch"
EMBEDDED = "embedded"
MADE_HERE = (SCRATCH, EMBEDDED)
"""Both begin with weights by chance, until an encoder that is worth it comes with nabra."""
