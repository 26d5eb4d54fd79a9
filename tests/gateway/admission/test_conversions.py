"""Conversions: in threads of their own, with a deadline, given up when the client leaves."""

from __future__ import annotations

import asyncio
import threading

import pytest

from harmonium.gateway.admission.conversions import ConversionPool
from harmonium.gateway.errors import RefusedError


async def never():
    await asyncio.Event().wait()


async def at_once():
    pass


def endless(deadline):
    while True:
        deadline.check()


def run(work, gone=never, seconds=60.0):
    async def scenario():
        pool = ConversionPool(1, 10, seconds)
        try:
            return await pool.run(None, work, gone)
        finally:
            pool.close()

    return asyncio.run(scenario())


def test_the_result_is_given_from_another_thread():
    assert run(lambda _: threading.current_thread()) is not threading.current_thread()


def test_a_conversion_that_takes_too_long_is_ended():
    with pytest.raises(RefusedError, match="longer than"):
        run(endless, seconds=0.05)


def test_a_client_that_leaves_ends_its_conversion():
    with pytest.raises(RefusedError):
        run(endless, gone=at_once)


def test_an_error_of_the_work_is_raised():
    def fail(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(fail)


def test_a_slot_is_free_again_only_with_its_thread():
    async def scenario():
        pool, held, order = ConversionPool(1, 10, 60), threading.Event(), []

        def first(_):
            held.wait(20)
            order.append("first")

        task = asyncio.create_task(pool.run("a", first, at_once))
        later = asyncio.create_task(pool.run("b", lambda _: order.append("second"), never))
        await asyncio.sleep(0)
        held.set()
        await asyncio.gather(task, later)
        pool.close()
        return order

    assert asyncio.run(scenario()) == ["first", "second"]
