"""An engine without a model that speaks Harmony as a model would: the default, to look around."""

from harmonium.engines.demo.engine import DemoEngine

__all__ = ["DemoEngine"]
