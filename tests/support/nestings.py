"""Random nestings of the layers that workflows put around their result, and whether it is found in each.

python -m support.nestings --count 10000        from `tests/`
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterable
from typing import Any

from cozebatch.coze.output import parse_output

RESULT = {"videoUrl": "https://v/1.mp4", "title": "三个方法"}


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


LAYERS: dict[str, Callable[[Any], Any]] = {
    "Output": lambda value: {"Output": value},
    "text": text,
    "neighbour": lambda value: {"node_status": "{}", "log": [], "Output": value},
    "envelope": lambda value: {"content_type": 1, "data": value, "type_for_model": 2},
    "fence": lambda value: f"```json\n{text(value)}\n```",
    "words": lambda value: f"结果是：{text(value)}。请查收 [完]",
    "mark": lambda value: "\ufeff" + text(value),
    "wrapper": lambda value: {"output": value},
    "list": lambda value: [value],
    "list of two": lambda value: ["", value] if isinstance(value, dict) else [value],
}


def is_found(names: Iterable[str]) -> bool:
    """Whether the result is found behind these layers, the first one innermost."""
    value: Any = RESULT
    for name in names:
        value = LAYERS[name](value)
    parsed = parse_output(value if isinstance(value, str) else text(value), ["videoUrl", "audioUrl"])
    return {key: parsed.get(key) for key in RESULT} == RESULT


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m support.nestings", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance, wrong = random.Random(options.seed), 0
    for _ in range(options.count):
        names = [chance.choice(sorted(LAYERS)) for _ in range(chance.randint(0, 8))]
        if not is_found(names):
            wrong += 1
            print("not found:", " < ".join(names))
    print(f"{options.count} nestings, {wrong} not found")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
