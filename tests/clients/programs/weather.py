"""The tool and the form that every Python program here asks for. It knows no client."""

from typing import Literal

from pydantic import BaseModel, Field

HELLO = "Hello"
QUESTION = "How is the weather?"
BROKEN = "demo:fault=missing-start"
"""Asks the demo engine for malformed output, which a strict gateway gives up in the stream."""
City = Literal["Bern", "Rome"]
called = []
"""The cities that the tool was asked for."""


class Weather(BaseModel):
    city: City
    degrees: int = Field(ge=20)


def get_weather(city: City) -> str:
    """Tell the weather of a city."""
    called.append(city)
    return f"20 degrees and sunny in {city}"


def forget_calls():
    called.clear()
