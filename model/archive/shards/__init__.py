"""An archive in shards: cut once, each predicted on its own, by whatever engine, the same bytes."""
