"""Films: media brought here, a timeline composed, a JianYing draft and an MP4 made of it, each proven before it counts.

gather, media, addresses, sniff     downloads
survey, probe, listen, captions     what the media and the words are
styles, text_layout, timeline, compose   the film as a pure description
video, lettering, ass, fonts, sfnt, encoders   the MP4 renderer
draft, draft_build, draft_check     the draft renderer
process, leash, worker, workers, ffmpeg   child processes that die with us
scratch, publish, names, validate   from a private folder to a proven film in its place
synthesizer, film, command, check   what the rest of the program uses
"""
