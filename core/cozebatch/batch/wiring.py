"""Puts the pieces together: the only place that knows which adapter stands behind which port.

Adapters are imported where they are needed, so that a run pays only for what it uses.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import anyio.to_thread

from cozebatch.batch.batch import Batch
from cozebatch.batch.results_file import ResultsWriter
from cozebatch.coze.client import CozeService
from cozebatch.coze.output import parse_output, pick
from cozebatch.engine.event_bus import Bus
from cozebatch.engine.run_state import Adapters, Options
from cozebatch.journal.lock import state_lock
from cozebatch.journal.memory import MemoryJournal
from cozebatch.journal.owner import state_owner
from cozebatch.journal.sqlite import FILE_NAME, DamagedJournal, open_journal, read_journal
from cozebatch.model.default_paths import LOG_DIR, STATE_DIR
from cozebatch.model.errors import ErrorInfo
from cozebatch.model.loopback import is_loopback_url
from cozebatch.model.redact import Masker
from cozebatch.model.task import FIELDS, State
from cozebatch.model.text import Lang, Text
from cozebatch.planning.recovery import OperatorOverrides
from cozebatch.planning.selection import Selection
from cozebatch.policy.polling import HistoryPacing
from cozebatch.ports import Journal, StatusSink, Synthesizer, TaskSource
from cozebatch.settings import Settings
from cozebatch.synthesis.options import SynthesisOptions

if TYPE_CHECKING:
    from cozebatch.feishu.base import FeishuBase
    from cozebatch.feishu.layout import Layout, StatusValues
    from cozebatch.feishu.sdk import FeishuClient
    from cozebatch.settings.feishu_model import FilterCondition


@dataclass(frozen=True, slots=True)
class Request:
    """What the operator asked for beside the configuration (docs/contract.md §1).

    `kind` names the source in the results file. `fleeting`: nothing earlier is looked at and nothing later will be
    (the demo, whose simulated Coze forgets everything). `dry_run`: only look. `secret_variables`: environment
    variables that no child process may see.
    """

    kind: Literal["feishu", "file", "demo"] = "feishu"
    tasks_file: Path | None = None
    selection: Selection = field(default_factory=Selection)
    fresh: bool = False
    rerun: frozenset[str] = frozenset()
    adopt: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    fleeting: bool = False
    save_results: bool = True
    state_dir: Path = Path(STATE_DIR)
    results_dir: Path = Path()
    lang: Lang = "en"
    secret_variables: tuple[str, ...] = ("COZE_API_TOKEN", "FEISHU_APP_SECRET")
    on_note: Callable[[Text], None] = lambda _: None
    """Told what is worth a line before the run begins."""
    log_dir: Path = Path(LOG_DIR)
    log_words: Mapping[str, State] = field(default_factory=dict)
    """What states are called in the logs: a damaged journal is rebuilt with their help."""
    accept_rebuilt: Callable[[Text], bool] = lambda _: False
    """Asked, in a worker thread, whether to go on from what a damaged journal still tells."""


@asynccontextmanager
async def open_batch(settings: Settings, request: Request, bus: Bus | None = None) -> AsyncIterator[Batch]:
    """Take the state directory, connect what the configuration names, and close it all again at the end.

    Raises `UsageError` and `JournalError`.
    """
    mask = Masker(settings.secrets()).mask
    async with AsyncExitStack() as stack:
        journal = await _journal(request, stack)
        service = await stack.enter_async_context(coze_service(settings, mask, request.on_note))
        source, sink, checks = await _source(settings, request, mask, stack)
        synthesizer = _synthesizer(settings, request)
        if synthesizer is not None:
            stack.push_async_callback(synthesizer.aclose)
        workflow = settings.workflow_config
        pacing = HistoryPacing(workflow.poll_interval, await journal.durations(settings.coze.workflow_id))
        yield Batch(
            source=source,
            journal=journal,
            adapters=Adapters(service, pacing, parse_output, synthesizer, sink),
            options=Options(
                max_coze=workflow.max_coze_concurrent,
                max_synthesis=workflow.max_synthesis_workers,
                max_retries=workflow.max_retries,
                execution_timeout=workflow.execution_timeout,
                on_unknown_submit=workflow.on_unknown_submit,
                lang=request.lang,
            ),
            overrides=OperatorOverrides(request.fresh, request.rerun, request.adopt, workflow.on_unknown_submit),
            selection=request.selection,
            workflow_id=settings.coze.workflow_id,
            source_is_authoritative=sink is not None and sink.writes("done"),
            checks=[service.preflight, *checks],
            mask=mask,
            parameters_of=service.parameters_of,
            tidy=_tidy(request, journal, settings.log_retention_days),
            results=_results(request, journal, mask),
            origin=_origin(settings, request),
            bus=bus if bus is not None else Bus(),
        )


def coze_service(settings: Settings, mask: Callable[[str], str], on_note: Callable[[Text], None]) -> CozeService:
    coze = settings.coze
    return CozeService(
        token=coze.token.get_secret_value(),
        workflow_id=coze.workflow_id,
        base_url=coze.base_url,
        bot_id=coze.bot_id,
        app_id=coze.app_id,
        workflow_version=coze.workflow_version,
        request_timeout=coze.request_timeout,
        parameters=coze.parameters,
        mask=mask,
        on_note=on_note,
    )


def synthesis_options(
    settings: Settings, state_dir: Path, *, lang: Lang, secret_variables: tuple[str, ...] = (), owner: str = ""
) -> SynthesisOptions:
    """The configuration's synthesis part, paths relative to the working directory made whole.

    `owner`: see `SynthesisOptions`.
    """
    wanted = settings.synthesis
    folder = settings.workflow_config.draft_folder_path
    return SynthesisOptions(
        mode=wanted.mode,
        output_dir=Path(wanted.output_dir).absolute(),
        media_dir=(state_dir / "media").absolute(),
        outputs=settings.coze.outputs.named(),
        max_media_mb=wanted.max_media_mb,
        width=wanted.width,
        height=wanted.height,
        fps=wanted.fps,
        timeout=wanted.timeout,
        background_music_path=wanted.background_music_path,
        background_music_volume=wanted.background_music_volume,
        draft_folder_path=folder,
        draft_media_root=wanted.draft_media_root,
        command=tuple(wanted.command) if wanted.command is not None else None,
        template_config=settings.template_config,
        allow_loopback=is_loopback_url(settings.coze.base_url),
        workers=settings.workflow_config.max_synthesis_workers,
        secret_variables=secret_variables,
        lang=lang,
        owner=owner,
    )


def feishu_client(settings: Settings, mask: Callable[[str], str]) -> FeishuClient:
    from cozebatch.feishu.sdk import FeishuClient

    api = settings.api_config
    assert api is not None, "settings were loaded without Feishu"
    return FeishuClient(
        app_id=api.app_id,
        app_secret=api.app_secret.get_secret_value(),
        domain=api.domain,
        request_timeout=settings.coze.request_timeout,
        mask=mask,
    )


def feishu_base(settings: Settings, client: FeishuClient) -> FeishuBase:
    from cozebatch.feishu.base import FeishuBase

    assert settings.api_config is not None
    return FeishuBase(client, settings.api_config.base)


def feishu_layout(settings: Settings) -> tuple[Layout, StatusValues]:
    """What is read of the base and what is written into its status column."""
    from cozebatch.feishu.layout import Columns, Layout, Relation, StatusValues

    tables = settings.tables
    assert tables is not None, "settings were loaded without Feishu"
    content, mapping = tables.content_table, tables.content_table.field_mapping
    columns = mapping.model_dump()
    unsaid = frozenset(columns) - mapping.model_fields_set
    extra = tuple(dict.fromkeys(f for f in settings.coze.parameters.values() if f not in FIELDS))
    voice, human, account = tables.voice_table, tables.digital_human_table, tables.account_table
    return (
        Layout(
            table_id=content.table_id,
            columns=Columns(**columns, optional=unsaid),
            view_id=content.view_id,
            filter=_filter(content.filter_condition),
            extra=extra,
            accounts=Relation(account.table_id, account.account_field, account.name_field) if account else None,
            voices=Relation(voice.table_id, voice.account_field, voice.voice_id_field) if voice else None,
            digital_humans=Relation(human.table_id, human.account_field, human.digital_no_field) if human else None,
        ),
        StatusValues(**content.status_values.model_dump()),
    )


def _filter(condition: FilterCondition | None) -> dict[str, object] | None:
    """As Feishu takes it; None for all rows."""
    if condition is None or condition.is_empty():
        return None
    wanted = condition.model_dump()
    if not condition.children:
        del wanted["children"]
    return wanted


async def _journal(request: Request, stack: AsyncExitStack) -> Journal:
    path = request.state_dir / FILE_NAME
    if request.fleeting or (request.dry_run and not path.exists()):
        if not request.dry_run:
            stack.enter_context(state_lock(request.state_dir))
        return MemoryJournal()
    open_it = read_journal if request.dry_run else open_journal
    if not request.dry_run:
        stack.enter_context(state_lock(request.state_dir))
    try:
        return await stack.enter_async_context(open_it(path))
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


Checks = list[Callable[[], Awaitable[ErrorInfo | None]]]


async def _source(
    settings: Settings, request: Request, mask: Callable[[str], str], stack: AsyncExitStack
) -> tuple[TaskSource, StatusSink | None, Checks]:
    if request.tasks_file is not None:
        from cozebatch.files import FileSource

        return FileSource(request.tasks_file), None, []
    from cozebatch.feishu.source import FeishuSource
    from cozebatch.feishu.write_back import FeishuSink

    client = await stack.enter_async_context(feishu_client(settings, mask))
    base = feishu_base(settings, client)
    layout, values = feishu_layout(settings)
    assert settings.tables is not None
    source = FeishuSource(base, layout, on_note=request.on_note)
    source.kind = request.kind
    sink = FeishuSink(
        base,
        layout.table_id,
        layout.columns,
        values,
        ready=settings.tables.content_table.ready_values(),
        owner=_claimant(request),
    )
    return source, sink, []


def _origin(settings: Settings, request: Request) -> str:
    """The file; or the table with the conditions of its filter."""
    if request.tasks_file is not None:
        return str(request.tasks_file)
    assert settings.tables is not None
    content = settings.tables.content_table
    filter_ = content.filter_condition
    conditions = [] if filter_ is None else [*filter_.conditions, *(c for g in filter_.children for c in g.conditions)]
    told = [" ".join([c.field_name, c.operator, *c.value]) for c in conditions]
    return "  ".join([content.table_id, *told])


def _claimant(request: Request) -> str:
    """Names this state directory in a claim; a dry run claims nothing and writes nothing."""
    return "" if request.dry_run else state_owner(request.state_dir)[:12]


def _synthesizer(settings: Settings, request: Request) -> Synthesizer | None:
    if settings.synthesis.mode == "none" or request.dry_run:
        return None
    from cozebatch.synthesis.synthesizer import LocalSynthesizer

    options = synthesis_options(
        settings,
        request.state_dir,
        lang=request.lang,
        secret_variables=request.secret_variables,
        owner=state_owner(request.state_dir),
    )
    return LocalSynthesizer(options, pick=pick)


def _tidy(request: Request, journal: Journal, days: int) -> Callable[[], Awaitable[Sequence[Text]]]:
    from cozebatch.batch.state_cleanup import prune_old_state

    async def tidy() -> Sequence[Text]:
        return (await prune_old_state(journal, request.state_dir, days)).troubles

    return tidy


def _results(request: Request, journal: Journal, mask: Callable[[str], str]) -> ResultsWriter | None:
    if not request.save_results:
        return None
    return ResultsWriter(request.results_dir, journal=journal, parse_output=parse_output, mask=mask, lang=request.lang)
