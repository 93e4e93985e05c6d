"""Tells people who do not look at the screen how a batch stands: a message card in a Feishu group.

`news` decides what is worth a card, `card` writes it, `webhook` delivers it, `courier` sees to it that none disturbs
the batch.
"""
