"""Taking over what an earlier tool, or an earlier state directory, already paid for.

`reading` turns results files into findings, one a task: `older` knows the older tool's files, `own` ours. `takeover`
decides which of them the journal needs, and writes them there. Nothing is ever sent.
"""
