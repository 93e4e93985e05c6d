"""The journal's tables, and the steps that migrate an older file.

`PRAGMA user_version` counts the steps applied to a file. A step, once released, is never changed.
"""

from __future__ import annotations

APPLICATION_ID = 0x436F7A62
"""`PRAGMA application_id` of our files ("Cozb"): https://www.sqlite.org/pragma.html#pragma_application_id. Files of
earlier versions have 0 there."""


def old_key(run_id: str, task_id: str, number: int) -> str:
    """The key for an execution that the first version stored without one; the second step makes the same key."""
    return f"{run_id}/{task_id}/{number}"


def present_source_key(key: str) -> str:
    """The current key of a source. A Feishu table's key is its domain and table id, so that it is the same through the
    base's token and a wiki node's. The first version had the token between them."""
    if not key.startswith("feishu:"):
        return key
    scheme, separator, rest = key.removeprefix("feishu:").partition("://")
    parts = rest.split("/")
    return f"feishu:{scheme}{separator}{parts[0]}/{parts[-1]}" if separator and len(parts) == 3 else key


MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE run (
        run_id      TEXT PRIMARY KEY,
        source_key  TEXT NOT NULL,
        source_kind TEXT NOT NULL,
        workflow_id TEXT NOT NULL,
        started_at  REAL NOT NULL,
        finished_at REAL,
        status      TEXT NOT NULL,
        clock       REAL NOT NULL,
        counters    TEXT NOT NULL,
        max_coze    INTEGER NOT NULL,
        max_synthesis INTEGER NOT NULL,
        results_path TEXT,
        place       REAL NOT NULL,
        pruned      INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX run_by_source ON run (source_key, place);

    -- Small and often written; what a task was made from is large and written once.
    CREATE TABLE task (
        run_id   TEXT NOT NULL REFERENCES run (run_id),
        task_id  TEXT NOT NULL,
        position INTEGER NOT NULL,
        row      TEXT NOT NULL,
        PRIMARY KEY (run_id, task_id)
    ) WITHOUT ROWID;
    CREATE INDEX task_by_id ON task (task_id);

    CREATE TABLE input (
        run_id   TEXT NOT NULL REFERENCES run (run_id),
        task_id  TEXT NOT NULL,
        input    TEXT NOT NULL,
        PRIMARY KEY (run_id, task_id)
    );

    CREATE TABLE execution (
        run_id     TEXT NOT NULL REFERENCES run (run_id),
        task_id    TEXT NOT NULL,
        number     INTEGER NOT NULL,
        status     TEXT NOT NULL,
        sent_at    REAL NOT NULL,
        execute_id TEXT,
        debug_url  TEXT,
        logid      TEXT,
        ended_at   REAL,
        seconds    REAL,
        error      TEXT,
        PRIMARY KEY (run_id, task_id, number)
    ) WITHOUT ROWID;

    CREATE TABLE output (
        execute_id TEXT PRIMARY KEY,
        output     TEXT NOT NULL
    );

    CREATE TABLE delivery (
        serial     INTEGER PRIMARY KEY,
        source_key TEXT NOT NULL,
        run_id     TEXT NOT NULL,
        task_id    TEXT NOT NULL,
        record_id  TEXT NOT NULL,
        outcome    TEXT NOT NULL,
        result     TEXT NOT NULL,
        settled    INTEGER NOT NULL DEFAULT 0,
        error      TEXT
    );
    CREATE INDEX delivery_owed ON delivery (source_key, settled);

    -- After a damage: sources of which tasks may be missing here ('*': all), until a run has seen them whole.
    CREATE TABLE doubt (
        source_key TEXT PRIMARY KEY,
        raised     REAL NOT NULL DEFAULT 0,
        settled    REAL NOT NULL DEFAULT 0
    );
    """,
    """
    -- The record of what was paid, whichever run or source it was for. `run_id`, `source_key` and `task_id` name the
    -- task that it serves now. Outputs are found by `execute_id`.
    ALTER TABLE execution RENAME TO execution_of_run;
    CREATE TABLE execution (
        key              TEXT PRIMARY KEY,
        source_key       TEXT NOT NULL,
        run_id           TEXT NOT NULL,
        task_id          TEXT NOT NULL,
        number           INTEGER NOT NULL,
        status           TEXT NOT NULL,
        sent_at          REAL NOT NULL,
        execute_id       TEXT,
        debug_url        TEXT,
        logid            TEXT,
        ended_at         REAL,
        seconds          REAL,
        error            TEXT,
        workflow_id      TEXT,
        workflow_version TEXT,
        app_id           TEXT,
        bot_id           TEXT,
        digest           TEXT,
        parameters       TEXT,
        film             TEXT
    );
    UPDATE run SET source_key = present_source_key(source_key);
    UPDATE delivery SET source_key = present_source_key(source_key);
    UPDATE OR REPLACE doubt SET source_key = present_source_key(source_key);
    INSERT INTO execution (
        key, source_key, run_id, task_id, number, status, sent_at, execute_id, debug_url, logid, ended_at, seconds,
        error, workflow_id
    )
    SELECT
        run_id || '/' || task_id || '/' || number, coalesce(source_key, ''), run_id, task_id, number,
        execution_of_run.status, sent_at, execute_id, debug_url, logid, ended_at, seconds, error, workflow_id
    FROM execution_of_run LEFT JOIN run USING (run_id)
    ORDER BY sent_at, run_id, task_id, number;
    DROP TABLE execution_of_run;
    -- What rows tell of executions that were not on record: adopted by hand, or dropped when they were old.
    INSERT INTO execution (
        key, source_key, run_id, task_id, number, status, sent_at, execute_id, debug_url, ended_at, workflow_id
    )
    SELECT
        run_id || '/' || task_id || '/0', source_key, run_id, task_id, 0,
        CASE
            WHEN json_extract(row, '$.execution_failed') THEN 'failed'
            WHEN json_extract(row, '$.has_output') OR json_extract(row, '$.state') IN ('done', 'writing_back')
                THEN 'succeeded'
            ELSE 'running'
        END,
        coalesce(json_extract(row, '$.submitted_at'), started_at), json_extract(row, '$.execute_id'),
        json_extract(row, '$.debug_url'), json_extract(row, '$.coze_finished_at'), workflow_id
    FROM task JOIN run USING (run_id)
    WHERE json_extract(row, '$.execute_id') IS NOT NULL
        AND coalesce(json_extract(row, '$.state'), '') != 'skipped'
        AND json_extract(row, '$.execute_id') NOT IN (SELECT execute_id FROM execution WHERE execute_id IS NOT NULL)
    GROUP BY json_extract(row, '$.execute_id') HAVING place = max(place);
    UPDATE execution SET film = json_object('at', finished, 'video_path', video, 'draft_path', draft)
    FROM (
        SELECT
            json_extract(row, '$.execute_id') AS made_of, coalesce(json_extract(row, '$.finished_at'), 0) AS finished,
            json_extract(row, '$.video_path') AS video, json_extract(row, '$.draft_path') AS draft
        FROM task WHERE json_extract(row, '$.state') = 'done'
    )
    WHERE execute_id = made_of;
    CREATE INDEX execution_of_task ON execution (run_id, task_id, number, sent_at);
    CREATE INDEX execution_by_id ON execution (execute_id) WHERE execute_id IS NOT NULL;
    """,
    """
    -- Titles and scripts that the operator gave rows. `made_from` is empty once an edit counts no more.
    CREATE TABLE edit (
        key            TEXT PRIMARY KEY,
        source_key     TEXT NOT NULL,
        task_id        TEXT NOT NULL,
        made_from      TEXT NOT NULL,
        title          TEXT NOT NULL,
        content        TEXT NOT NULL,
        source_title   TEXT NOT NULL,
        source_content TEXT NOT NULL,
        at             REAL NOT NULL,
        owed           INTEGER NOT NULL DEFAULT 0
    );
    """,
    """
    -- What executions asked, and what people answered. `key` is the execution's; by `execute_id` it asked.
    CREATE TABLE question (
        key         TEXT NOT NULL,
        event_id    TEXT NOT NULL,
        execute_id  TEXT NOT NULL,
        asked_at    REAL NOT NULL,
        question    TEXT NOT NULL,
        status      TEXT NOT NULL,
        answer      TEXT,
        answered_at REAL,
        answered_by TEXT NOT NULL DEFAULT '',
        error       TEXT,
        PRIMARY KEY (key, event_id)
    );
    -- When the latest answer was sent: from then on it may run again.
    ALTER TABLE execution ADD COLUMN resumed_at REAL;
    CREATE INDEX execution_by_digest ON execution (digest) WHERE digest IS NOT NULL;
    """,
    """
    -- Files that were brought to Coze, by their content.
    CREATE TABLE upload (
        sha256  TEXT PRIMARY KEY,
        file_id TEXT NOT NULL,
        size    INTEGER NOT NULL,
        at      REAL NOT NULL
    );
    """,
    """
    -- How many executions at once an account allowed last, where it allowed fewer than were asked for.
    CREATE TABLE learned_limit (
        account    TEXT PRIMARY KEY,
        executions INTEGER NOT NULL,
        at         REAL NOT NULL
    );
    -- Files that were brought into a Feishu base, or as far as they came, by their content.
    CREATE TABLE medium (
        sha256     TEXT NOT NULL,
        place      TEXT NOT NULL,
        file_token TEXT NOT NULL DEFAULT '',
        upload_id  TEXT NOT NULL DEFAULT '',
        block_size INTEGER NOT NULL DEFAULT 0,
        parts      INTEGER NOT NULL DEFAULT 0,
        at         REAL NOT NULL,
        PRIMARY KEY (sha256, place)
    );
    """,
)
