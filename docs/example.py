import tempfile
from pathlib import Path
from typing import Any

import anyio

from cozebatch import Request, Selection, demo_environment, events, open_batch, parse_settings


async def main(configuration: dict[str, Any], folder: Path) -> None:
    configuration["workflow_config"]["synthesis"] = {"mode": "none"}  # no films, only Coze's results
    settings, _ = parse_settings(configuration, need_feishu=True)
    request = Request(selection=Selection(limit=3), state_dir=folder / "state", results_dir=folder)
    async with open_batch(settings, request) as batch:
        reader = batch.subscribe()
        preview = await batch.prepare()  # reads the table and the journal, sends nothing
        print("executions to pay for:", preview.new_executions)
        await batch.preflight()  # raises UsageError if the batch should not begin
        outcome = await batch.run(preview)
        for event in reader.take():
            if isinstance(event, events.TaskState):
                print(event.task_id, event.before, "->", event.after)
        print(outcome.status, outcome.results_path)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, demo_environment(time_scale=600) as demo:
        anyio.run(main, demo[0], Path(folder))
