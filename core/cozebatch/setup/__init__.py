"""Makes a first configuration together with a person: what to ask, in which order, and what the accounts hold.

The questions are values (`question`), the answers so far are one value (`state`), and `flow` leads from one to the
next. It knows no front: the command `init` and the set-up screen show the same questions. Nothing here starts an
execution, writes into a table, or costs anything.
"""
