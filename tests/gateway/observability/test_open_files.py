"""The line about the limit of open files: before the limit, and not for every connection."""

from __future__ import annotations

import logging
import resource

import pytest

from harmonium.gateway.observability.open_files import RESERVE, OpenFilesWarning

LIMIT, _ = resource.getrlimit(resource.RLIMIT_NOFILE)


@pytest.mark.parametrize(
    ("descriptors", "times", "lines"),
    [([LIMIT - RESERVE - 1], [0], 0), ([LIMIT - RESERVE], [0], 1),
     ([LIMIT - 1] * 3, [0, 59, 61], 2), ([LIMIT - 1, 3], [0, 100], 1)],
)  # fmt: skip
def test_the_line_is_written_near_the_limit_and_once_a_minute(caplog, descriptors, times, lines):
    now = [0.0]
    warning = OpenFilesWarning(lambda: now[0])
    with caplog.at_level(logging.ERROR):
        for descriptor, now[0] in zip(descriptors, times, strict=True):
            warning.check(descriptor)
    assert [record.message for record in caplog.records] == ["open_files_near_limit"] * lines
