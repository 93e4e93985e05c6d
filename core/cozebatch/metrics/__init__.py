"""Figures of a running batch for machines: a file in Prometheus' text format, for node_exporter's textfile collector or
anything that reads the like (docs/metrics.md).

`histogram` and `exposition` are pure; `recorder` follows a run and writes the file.
"""
