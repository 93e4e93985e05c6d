"""Makes each adapter of what the settings say about it, for batches and for checks.

Adapters are imported where they are needed, so that a run pays only for what it uses.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cozebatch.coze.client import CozeService
from cozebatch.files.field_names import FieldNames
from cozebatch.model.errors import UsageError
from cozebatch.model.loopback import is_loopback_url
from cozebatch.model.prices import Prices
from cozebatch.model.task import FIELDS
from cozebatch.model.text import Lang, Text
from cozebatch.ports import Journal, Medium, PutMedium
from cozebatch.settings import Settings
from cozebatch.synthesis.cluster.address import Tls, parse_address
from cozebatch.synthesis.options import SynthesisOptions

if TYPE_CHECKING:
    from cozebatch.batch.request import Request
    from cozebatch.feishu.base import FeishuBase
    from cozebatch.feishu.films_out import FilmsOut
    from cozebatch.feishu.layout import Layout, StatusValues
    from cozebatch.feishu.sdk import FeishuClient
    from cozebatch.notify.courier import Courier
    from cozebatch.settings.feishu_model import FilterCondition
    from cozebatch.synthesis.cluster.connecting import Cluster


OUT = ("cover", "film", "film_link")
"""Columns that are written and never read."""


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
        expects_output=bool(coze.outputs.named()),
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
        media_dir=media_dir_of(settings, state_dir, owner),
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
        draft_media=wanted.draft_media,
        command=tuple(wanted.command) if wanted.command is not None else None,
        template_config=settings.template_config,
        allow_loopback=is_loopback_url(settings.coze.base_url),
        workers=settings.workflow_config.max_synthesis_workers,
        secret_variables=secret_variables,
        lang=lang,
        owner=owner,
    )


def media_dir_of(settings: Settings, state_dir: Path, owner: str) -> Path:
    """Where downloads are kept until their film is done: in the state folder; with a cluster in the shared folder, in
    a place of this state folder's own."""
    share = settings.synthesis.cluster_share
    if settings.synthesis.cluster is None or share is None:
        return (state_dir / "media").absolute()
    return Path(share).absolute() / f"cozebatch-media-{owner[:12] or 'new'}" / "media"


def cluster_of(settings: Settings) -> Cluster | None:
    """The cluster that makes the films; None for this machine. Raises `UsageError` when its package is missing."""
    wanted = settings.synthesis
    if wanted.cluster is None or wanted.mode == "none":
        return None
    try:
        from cozebatch.synthesis.cluster.connecting import Cluster
    except ModuleNotFoundError as error:
        raise UsageError(
            Text(
                f"synthesis.cluster 要用 {error.name}，没有安装：pip install 'cozebatch-tui[cluster]'",
                f"synthesis.cluster needs {error.name}, which is not installed: pip install 'cozebatch-tui[cluster]'",
            )
        ) from error
    address = parse_address(wanted.cluster)
    assert address is not None, "the settings are checked"
    assert wanted.cluster_share is not None, "the settings are checked"
    files = wanted.cluster_tls
    tls = None if files is None else Tls(*(str(Path(file).absolute()) for file in (files.ca, files.cert, files.key)))
    return Cluster(address, Path(wanted.cluster_share).absolute(), tls)


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
    from cozebatch.feishu.film_columns import FilmColumns
    from cozebatch.feishu.layout import Columns, Layout, Relation, StatusValues

    tables = settings.tables
    assert tables is not None, "settings were loaded without Feishu"
    content, mapping = tables.content_table, tables.content_table.field_mapping
    columns = mapping.model_dump(exclude=set(OUT))
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
            films=FilmColumns(mapping.cover, mapping.film, mapping.film_link),
            sent=frozenset(settings.coze.parameters.values()).intersection(FIELDS),
            accounts=Relation(account.table_id, account.account_field, account.name_field) if account else None,
            voices=Relation(voice.table_id, voice.account_field, voice.voice_id_field) if voice else None,
            digital_humans=Relation(human.table_id, human.account_field, human.digital_no_field) if human else None,
        ),
        StatusValues(**content.status_values.model_dump()),
    )


def films_out(
    request: Request, layout: Layout, client: FeishuClient, base: FeishuBase, journal: Journal
) -> FilmsOut | None:
    """Who shows films in their rows; None where no column is mapped for that."""
    if not layout.films.named():
        return None
    from cozebatch.feishu.column_check import LINK
    from cozebatch.feishu.film_upload import FilmUploads
    from cozebatch.feishu.films_out import FilmsOut
    from cozebatch.synthesis.options import without_secrets
    from cozebatch.synthesis.process.frame import cover_of

    async def is_link(name: str) -> bool:
        return any(column.name == name and column.kind == LINK for column in await base.columns(layout.table_id))

    async def keep(medium: Medium) -> None:
        await journal.write(PutMedium(medium))

    cover = partial(cover_of, environment=without_secrets(os.environ, request.secret_variables))
    return FilmsOut(layout.films, FilmUploads(client, base, journal.medium, keep, time.time), cover, is_link)


def _filter(condition: FilterCondition | None) -> dict[str, object] | None:
    """As Feishu takes it; None for all rows."""
    if condition is None or condition.is_empty():
        return None
    wanted = condition.model_dump()
    if not condition.children:
        del wanted["children"]
    return wanted


def used_columns(settings: Settings) -> frozenset[str]:
    """The fields and further columns of a task file whose values matter: what is sent to Coze, and the template's name
    where there are named templates."""
    named = any(isinstance(style, dict) for style in settings.template_config.values())
    return frozenset(settings.coze.parameters.values()) | (frozenset({"template"}) if named else frozenset())


def field_names(settings: Settings) -> FieldNames:
    """Which column of a task file is which field."""
    return FieldNames(settings.task_file.columns.given())


def prices_of(settings: Settings) -> Prices:
    workflow = settings.workflow_config
    return Prices(workflow.price_per_execution, workflow.price_per_1000_tokens)


def courier(settings: Settings, request: Request) -> Courier | None:
    """Who tells people that do not look how the batch stands; None where the configuration names no bot."""
    if settings.notify.feishu_webhook is None or request.dry_run:
        return None
    from cozebatch.notify.card import About
    from cozebatch.notify.courier import Courier
    from cozebatch.notify.webhook import FeishuWebhook

    secret = settings.notify.secret.get_secret_value() if settings.notify.secret is not None else None
    bot = FeishuWebhook(settings.notify.feishu_webhook.get_secret_value(), secret, wall=time.time)
    name = request.tasks_file.name if request.tasks_file is not None else settings.coze.workflow_id
    return Courier(bot.send, About(name, _table_link(settings, request), prices_of(settings)), lang=request.lang)


def _table_link(settings: Settings, request: Request) -> str | None:
    """The address that opens the table in a browser."""
    api, tables = settings.api_config, settings.tables
    if request.tasks_file is not None or api is None or tables is None:
        return None
    host = "www.larksuite.com" if "larksuite" in api.domain else "www.feishu.cn"
    kind = "wiki" if api.base.needs_resolving else "base"
    return f"https://{host}/{kind}/{api.base.token}?table={tables.content_table.table_id}"
