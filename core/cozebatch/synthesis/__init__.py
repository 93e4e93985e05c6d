"""Makes films on this machine: from media addresses in Coze's output to a JianYing draft or an MP4 in its place.

From the top down, each importing only what stands below it:

cluster               films made by other machines
synthesizer, check    what the rest of the program uses
draft, video          the two renderers; `video.pipeline` holds the steps of one film
download, subtitles   media files from the network; texts, fonts and glyphs
analyse               what media files hold: streams, lengths, loudness, speech
compose               the film as a pure description, and the texts on it
process               child processes that never outlive this one; ffmpeg, the user's own command
scratch, options, failures, names, alive   what all of them need
"""
