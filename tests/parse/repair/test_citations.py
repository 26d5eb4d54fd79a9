"""What the rules cite is there to be read."""

import re
from pathlib import Path

import harmonium.parse
from harmonium.testing import malformed_cases

FOLDER = Path(harmonium.parse.__file__).parent
CITATION = re.compile(r"corpus:((?:[\s#]*[a-z0-9-]+,?)+)\)")


def test_every_case_that_a_rule_cites_is_in_the_corpus():
    text = "".join(path.read_text() for path in sorted(FOLDER.rglob("*.py")))
    cited = {name for found in CITATION.findall(text) for name in re.findall("[a-z0-9-]+", found)}
    assert len(cited) > 30
    assert cited - {case.id for case in malformed_cases()} == set()
    assert len(CITATION.findall(text)) == text.count("corpus:")
