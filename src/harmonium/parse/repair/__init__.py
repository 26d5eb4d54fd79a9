"""What damaged output meant: the rules that read broken headers and missing ones.

Theory of operation. Damage is read from the most certain evidence to the least:

1. Structure. Only token ids are markers. Text that spells one is text, except where a whole output
   has no marker at all (`spelt_markers`).
2. Header words. Between a start and a message token nothing but a header can stand. The exact
   reader (`harmonium.parse.header`) goes first and takes what a renderer writes; only what it
   refuses, or what is grammatical and yet means nothing, goes to the repairing one
   (`header_reader` chooses, `header_words` finds words, `header_repair` decides what they mean).
3. Content where a header should be (`headerless`), and a header where content should be
   (`glued_header`).

Where two readings remain, three rules decide, in this order: reasoning is never shown (what may be
either goes to ``analysis``); prose is never executed (a call needs arguments, a call token or a
recipient that names a declared tool); nothing is lost without a report.

Each rule names what it answers: a public report, or the id of a case in
``harmonium/testing/data/malformed.jsonl`` ("corpus"). Every repair is reported under a code of
`deviations`. The rules know nothing of streams and keep no state between headers.
"""
