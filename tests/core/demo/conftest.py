"""Feishu's library is loaded as the program loads it: all of its services take seconds in each process of the suite."""

from __future__ import annotations

from cozebatch.feishu.lark import load_sdk

load_sdk()
