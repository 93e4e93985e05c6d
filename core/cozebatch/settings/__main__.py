"""`python -m cozebatch.settings --schema` prints the JSON schema that `configs/config.schema.json` holds."""

from __future__ import annotations

import sys

from cozebatch.settings.schema import schema_text


def main(arguments: list[str]) -> int:
    if arguments != ["--schema"]:
        sys.stderr.write("python -m cozebatch.settings --schema\n")
        return 2
    sys.stdout.buffer.write(schema_text().encode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
