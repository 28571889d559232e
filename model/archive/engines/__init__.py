"""What schedules shards: this process, several of them here, or an engine over many machines."""
