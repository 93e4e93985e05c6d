"""Imports results that an earlier tool, or a run with another state directory, already paid for.

`reading` turns results files into findings, one per task. `legacy_format` reads the older tool's files, `own_format`
reads ours. `merge` decides which findings the journal needs and writes them there. Nothing is ever sent.
"""
