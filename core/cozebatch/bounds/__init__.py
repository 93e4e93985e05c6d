"""Limits on what data from outside may cost: memory of a child process, JSON, compressed HTTP answers."""
