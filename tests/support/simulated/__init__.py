"""The whole life of batches in virtual time, by seed: real `Batch`es from planning to results, against models of Coze,
the table, the film maker, the disk and the operator, on one machine or two. `python -m support.simulation --help`.

The judge (`judge`, `verdict`) knows only what the models saw. A seed draws which kinds of faults are on (`swarm`).
"""
