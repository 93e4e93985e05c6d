"""Puts a batch together: the only place that knows which adapter stands behind which port.

Adapters are imported where they are needed, so that a run pays only for what it uses.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import anyio.to_thread

from cozebatch.batch.adapters import (
    cluster_of,
    courier,
    coze_service,
    feishu_base,
    feishu_client,
    feishu_layout,
    field_names,
    films_out,
    media_dir_of,
    synthesis_options,
    used_columns,
)
from cozebatch.batch.batch import Batch
from cozebatch.batch.demo_record import keep_demo
from cozebatch.batch.inspections import Inspection, columns_of, results_in, synthesis_of, table_of, workflow_of
from cozebatch.batch.request import Request
from cozebatch.batch.results_file import ResultsWriter
from cozebatch.coze.client import CozeService
from cozebatch.coze.output import parse_output, pick
from cozebatch.disk.places import is_link
from cozebatch.engine.answers import GivenAnswer
from cozebatch.engine.event_bus import Bus
from cozebatch.engine.options import Adapters, Options
from cozebatch.journal.lock import state_lock
from cozebatch.journal.memory import MemoryJournal
from cozebatch.journal.owner import known_owner, state_owner
from cozebatch.journal.sqlite import FILE_NAME, DamagedJournal, open_journal, read_journal
from cozebatch.model.errors import UsageError
from cozebatch.model.redact import Masker
from cozebatch.model.text import Text
from cozebatch.planning.planned import OperatorOverrides
from cozebatch.policy.polling import HistoryPacing
from cozebatch.ports import Journal, Names, StatusSink, Synthesizer, TaskSource
from cozebatch.settings import Settings


@asynccontextmanager
async def open_batch(settings: Settings, request: Request, bus: Bus | None = None) -> AsyncIterator[Batch]:
    """Take the state directory, connect what the configuration names, and close it all again at the end.

    Raises `UsageError` and `JournalError`.
    """
    mask = Masker(settings.secrets()).mask
    async with AsyncExitStack() as stack:
        journal = await _journal(request, stack)
        service = await stack.enter_async_context(coze_service(settings, mask, request.on_note))
        connected = await _source(settings, request, mask, service, journal, stack)
        sink = connected.sink
        synthesizer = _synthesizer(settings, request, mask)
        if synthesizer is not None:
            stack.push_async_callback(synthesizer.aclose)
        workflow = settings.workflow_config
        pacing = HistoryPacing(workflow.poll_interval, await journal.durations(settings.coze.workflow_id))
        yield Batch(
            source=connected.source,
            journal=journal,
            adapters=Adapters(service, pacing, _output_parser(settings), synthesizer, sink),
            options=Options(
                max_coze=workflow.max_coze_concurrent,
                max_synthesis=workflow.max_synthesis_workers,
                max_retries=workflow.max_retries,
                execution_timeout=workflow.execution_timeout,
                on_unknown_submit=workflow.on_unknown_submit,
                lang=request.lang,
                account=f"{settings.coze.base_url.rstrip('/')} {settings.coze.workflow_id}",
            ),
            ask_rate=service.requests_a_second,
            overrides=OperatorOverrides(
                request.fresh,
                request.rerun,
                request.adopt,
                workflow.on_unknown_submit,
                workflow.max_retries,
                frozenset(request.answers),
            ),
            answers={task_id: GivenAnswer(text, request.operator) for task_id, text in request.answers.items()},
            selection=request.selection,
            reuse=request.reuse,
            max_executions=request.max_executions,
            until=request.until,
            workflow_id=settings.coze.workflow_id,
            source_is_authoritative=sink is not None and sink.writes("done"),
            checks=[service.preflight],
            inspections=[
                workflow_of(service, settings.coze.outputs.named()),
                *connected.inspections,
                *_of_this_machine(settings, request),
            ],
            parameters_of=service.parameters_of,
            prune=_prune(request, journal, settings),
            results=_results(settings, request, journal, mask),
            origin=lambda: _origin(settings, request, connected.table_name()),
            names=lambda: Names(service.workflow_name, connected.table_name()),
            courier=courier(settings, request),
            metrics=request.metrics,
            stays_awake=settings.workflow_config.keep_awake and not request.may_sleep,
            source_notes=connected.notes,
            bus=bus if bus is not None else Bus(),
        )


async def _journal(request: Request, stack: AsyncExitStack) -> Journal:
    path = request.state_dir / FILE_NAME
    if request.fleeting or (request.dry_run and not path.exists()):
        if not request.dry_run:
            stack.enter_context(state_lock(request.state_dir))
        journal = MemoryJournal()
        if request.kept_in is not None and not request.dry_run:
            stack.push_async_callback(keep_demo, journal, request.kept_in, request.on_note)
        return journal
    open_it = read_journal if request.dry_run else open_journal
    if not request.dry_run:
        stack.enter_context(state_lock(request.state_dir))
    try:
        opened = await stack.enter_async_context(open_it(path))
        if opened.note is not None:
            request.on_note(opened.note)
        return opened
    except DamagedJournal as damaged:
        await anyio.to_thread.run_sync(_mend, damaged, request)
    return await stack.enter_async_context(open_journal(path))


def _mend(damaged: DamagedJournal, request: Request) -> None:
    """Rebuild the journal if that is wanted. Raises `JournalError` if not."""
    from cozebatch.journal.salvage.salvage import offer, rebuild, refusal, salvage

    salvaged = salvage(damaged.path, request.log_dir, request.log_words)
    if request.dry_run or not request.accept_rebuilt(offer(damaged, salvaged)):
        raise refusal(damaged, salvaged)
    request.on_note(rebuild(damaged.path, salvaged, time.time()))


class _Source(NamedTuple):
    """Where tasks come from. `notes`: what it left out and a person should know; `table_name`: as far as known."""

    source: TaskSource
    sink: StatusSink | None
    inspections: Sequence[Inspection]
    notes: Callable[[], Sequence[Text]]
    table_name: Callable[[], str]


async def _source(
    settings: Settings,
    request: Request,
    mask: Callable[[str], str],
    service: CozeService,
    journal: Journal,
    stack: AsyncExitStack,
) -> _Source:
    if request.tasks_file is not None:
        from cozebatch.batch.files_in import FilesIn, PathFinder
        from cozebatch.files import FileSource
        from cozebatch.files.inputs import LocalFiles

        file = FileSource(
            request.tasks_file,
            used=used_columns(settings),
            wanted=request.selection.allows,
            names=field_names(settings),
            on_note=request.on_note,
        )
        files_in = FilesIn(file, service, PathFinder(LocalFiles(request.tasks_file.absolute().parent)))
        return _Source(files_in, None, [columns_of(settings.coze.parameters)], lambda: file.notes, str)
    from cozebatch.batch.files_in import AttachmentFinder, FilesIn
    from cozebatch.feishu.attachments import Attachments
    from cozebatch.feishu.source import FeishuSource
    from cozebatch.feishu.write_back import FeishuSink

    client = await stack.enter_async_context(feishu_client(settings, mask))
    base = feishu_base(settings, client)
    layout, values = feishu_layout(settings)
    assert settings.tables is not None
    attachments = Attachments(request.state_dir)
    source = FeishuSource(base, layout, values, on_note=request.on_note, attachments=attachments)
    source.kind = request.kind
    files_in = FilesIn(source, service, AttachmentFinder(attachments, client))
    sink = FeishuSink(
        base,
        layout.table_id,
        layout.columns,
        values,
        ready=settings.tables.content_table.ready_values(),
        owner=_claimant(request),
        films=films_out(request, layout, client, base, journal),
    )
    looks = [table_of(client, base, layout, values, service)]
    return _Source(files_in, sink, looks, tuple, lambda: base.table_name(layout.table_id))


def _of_this_machine(settings: Settings, request: Request) -> list[Inspection]:
    found = [synthesis_of(settings, request)] if settings.synthesis.mode != "none" else []
    return [*found, results_in(request.results_dir)] if request.save_results else found


def _origin(settings: Settings, request: Request, table_name: str) -> str:
    """The file; or the table, by its name where that is known, with its view and the conditions of its filter."""
    if request.tasks_file is not None:
        return str(request.tasks_file)
    assert settings.tables is not None
    content = settings.tables.content_table
    filter_ = content.filter_condition
    from cozebatch.feishu.operators import operator_word

    conditions = [] if filter_ is None else [*filter_.conditions, *(c for g in filter_.children for c in g.conditions)]
    conditions_shown = [" ".join([c.field_name, operator_word(c.operator, request.lang), *c.value]) for c in conditions]
    table = table_name or content.table_id
    place = [table] if content.view_id is None else [table, content.view_id]
    return "  ".join([*place, *conditions_shown])


def _claimant(request: Request) -> str:
    """Names this state directory in a claim; a dry run claims nothing and writes nothing."""
    return "" if request.dry_run else state_owner(request.state_dir)[:12]


def _synthesizer(settings: Settings, request: Request, mask: Callable[[str], str]) -> Synthesizer | None:
    if settings.synthesis.mode == "none" or request.dry_run:
        return None
    options = synthesis_options(
        settings,
        request.state_dir,
        lang=request.lang,
        secret_variables=request.secret_variables,
        owner=state_owner(request.state_dir),
    )
    if is_link(options.media_dir):  # before anything is paid for that could not be downloaded
        raise UsageError(
            Text(
                f"{options.media_dir} 是链接，素材不会写到别处：请删掉这个链接，或换一个 --state-dir。",
                f"{options.media_dir} is a link, and media are not written elsewhere: delete the link, or choose "
                "another --state-dir.",
            )
        )
    if (cluster := cluster_of(settings)) is not None:
        from cozebatch.synthesis.cluster.synthesizer import ClusterSynthesizer

        return ClusterSynthesizer(options, cluster, pick=pick, on_note=request.on_note, mask=mask)
    from cozebatch.synthesis.synthesizer import LocalSynthesizer

    return LocalSynthesizer(options, pick=pick, on_note=request.on_note, mask=mask)


def _prune(request: Request, journal: Journal, settings: Settings) -> Callable[[], Awaitable[Sequence[Text]]]:
    from cozebatch.batch.state_cleanup import prune_old_state

    async def prune() -> Sequence[Text]:
        owner = "" if settings.synthesis.cluster is None else known_owner(request.state_dir)
        media = media_dir_of(settings, request.state_dir, owner)
        pruned = await prune_old_state(journal, request.state_dir, settings.log_retention_days, media=media)
        return pruned.troubles

    return prune


def _output_parser(settings: Settings) -> Callable[[str], dict[str, Any]]:
    return partial(parse_output, names=settings.coze.outputs.media_names())


def _results(
    settings: Settings, request: Request, journal: Journal, mask: Callable[[str], str]
) -> ResultsWriter | None:
    if not request.save_results:
        return None
    return ResultsWriter(
        request.results_dir, journal=journal, parse_output=_output_parser(settings), mask=mask, lang=request.lang
    )
