"""The scheduler: plans what is due, rescues what was lost, retires what is old."""
