"""Seeded mutations of everything that comes from outside, given to the code that reads it.

    python -m support.mutations --count 10000              from `tests/`: every kind, each in a process of its own
    python -m support.mutations --kind captions --seed 17  one input again, printed

What must hold for each input: no exception but those that a person is told (`UsageError`, `StepError`,
`JournalError`, and those a kind names), no reading longer than a second, no process above 300 MB, and no byte written
outside the folder that was given.
"""
