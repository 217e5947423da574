"""Believable tickets for looking around and for benchmarks, never in production and never sent to anybody."""

from dispatch.demo.filling import NotHere, fill

__all__ = ["NotHere", "fill"]
