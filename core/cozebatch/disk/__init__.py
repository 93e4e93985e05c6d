"""Writing and removing files: every change that the program makes on a disk outside the journal's own database.

The folders we write to (output, drafts, state, logs, results) may be shared, or may come out of an archive. Somebody
else can plant links in them, or files and folders that bear names like ours. Three rules protect what is not ours:

- **No link is followed** below a folder that the configuration names. The configured folder itself may be a link: that
  is the user's own choice. `places` reaches a file folder by folder, and keeps the folder open while it acts in it
  (POSIX), so that a link planted between looking and acting changes nothing.
- **Nothing is overwritten** but what we made: `writing` creates files exclusively, under a random name where a file
  replaces another, and refuses to write into a file that has a second name (a hard link).
- **Only what we marked is removed**: `marker` puts a file into each folder that we make, proving that this state folder
  made it. `removing` deletes no folder without that proof, and single files only where the caller knows their exact
  name.

`in_use` waits for files that another program holds on Windows.

What does not pass through here, and why: SQLite opens the journal by itself (`journal.opening` looks for links first);
ffmpeg, pyJianYingDraft and the user's command write by path inside scratch folders, which were made exclusively under
a random name and are readable by their owner alone; the demo's folders lie in the system's folder for temporary files.
"""
