"""The scheduler: plans what is due, finds its objects, rings for workers, rescues, and clears away."""
