"""Films made by other machines: the workers of a dask scheduler, which share a folder with this one.

synthesizer   the engine's port, and `link`, which keeps up the connection behind it
blame         whether a film that failed did so because of its worker
connecting    one connection; `examining` asks the workers what they are
check         what `check` and a batch look at on every worker before anything is paid for
work          what runs on a worker
job           a film to make as plain data; `paths` says where it lies for each machine
address       addresses, certificates and what must not be configured together

`distributed` is imported by all of them but the last two lines, and these only when `synthesis.cluster` is set.
"""
