"""Faults in what the table is told, in claims and in figures; see `planted_faults`."""

from __future__ import annotations

from support.planted_fault import Planted

TABLE_FAULTS = (
    # The table
    Planted(
        "an owed write-back is dropped",
        "the table learns of every outcome",
        "engine/lifecycle/task_context.py",
        "move_persistently(State.FAILED, Owe(delivery), *changes,",
        "move_persistently(State.FAILED, *changes,",
    ),
    Planted(
        "a write-back that was given up counts as delivered",
        "it stays owed",
        "engine/outbox.py",
        "        settled = Settle(delivery.serial, error)\n",
        "        settled = Settle(delivery.serial)\n",
    ),
    Planted(
        "a film is done before it is made",
        "done is done",
        "engine/lifecycle/produce.py",
        '                    return await self._synthesizer.synthesize(job, media, self._progress("synthesis"))\n',
        "                    return Product()\n",
    ),
    Planted(
        "a claim is won without waiting",
        "of several operators one runs a record",
        "feishu/claim_state.py",
        "        self.counting, self.counts_since = mark, now\n",
        "        self.counting, self.counts_since = mark, now - 3.0\n",
    ),
    Planted(
        "a claim is won with a late mark",
        "only a mark that was there in time counts",
        "feishu/claims.py",
        "                    if claim.unmarked and now - claim.sure_at < self._window:\n",
        "                    if claim.unmarked:\n",
    ),
    Planted(
        "all state folders have the same owner",
        "a mark names one state folder",
        "journal/owner.py",
        '            file.write(secrets.token_hex(_BITS // 8).encode("ascii") + b"\\n")\n',
        '            file.write(b"0" * (_BITS // 4) + b"\\n")\n',
    ),
    Planted(
        "a claim outlives its outcome",
        "a record that is won is forgotten once its task has ended",
        "feishu/claims.py",
        '        """An outcome was written over our mark: the record is anybody\'s again."""\n'
        "        self._known.pop(record_id, None)\n",
        '        """An outcome was written over our mark: the record is anybody\'s again."""\n',
    ),
    # Films in their rows
    Planted(
        "an uploaded film is forgotten",
        "no film is uploaded twice for a row",
        "feishu/film_upload.py",
        "        await self._keep(there)\n",
        "",
    ),
    Planted(
        "the parts that arrived are forgotten",
        "an upload goes on after its last part",
        "feishu/film_upload.py",
        "            medium = replace(medium, parts=seq + 1)\n            await self._keep(medium)\n",
        "            medium = replace(medium, parts=seq + 1)\n",
    ),
    Planted(
        "an outcome does not wait for its film",
        "a row that is done shows its film",
        "engine/outbox.py",
        "self._owed.values() if delivery.task_id not in self._unready)",
        "self._owed.values())",
    ),
    Planted(
        "a row shows the film of another",
        "each row shows the film of its task",
        "feishu/films_out.py",
        "        found = self._brought.get(serial)\n",
        "        found = next(iter(self._brought.values()), None)\n",
    ),
    # Figures
    Planted(
        "the open slot is not counted",
        "the utilisation counts slots that are in use",
        "model/statistics.py",
        "            (r.coze_slot_seconds + _open(r.slot_clock, now) for r in rows),\n",
        "            (r.coze_slot_seconds for r in rows),\n",
    ),
    Planted(
        "submissions are counted only when they are accepted",
        "the figures agree with what Coze saw",
        "engine/ledger.py",
        "        self.board.counters.submissions += number\n",
        "        pass\n",
    ),
)
