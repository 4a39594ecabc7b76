"""`Metrics`: what a service counts of itself, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counters of one service, in a registry of their own.

    Args:
        waiting: Tells how many pictures wait for the model.
    """

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, waiting: Callable[[], float]) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "zsclip_requests_total",
            "Requests that were answered.",
            ["route", "status"],
            registry=self._registry,
        )
        self.in_flight = Gauge(
            "zsclip_requests_in_flight", "Requests not yet answered.", registry=self._registry
        )
        self.pictures = Counter(
            "zsclip_pictures_total",
            "Pictures that were embedded, by where the embedding came from.",
            ["origin"],
            registry=self._registry,
        )
        self.failures = Counter(
            "zsclip_failures_total",
            "Pictures that could not be, by the type of the error.",
            ["error_type"],
            registry=self._registry,
        )
        self._sizes = Histogram(
            "zsclip_batch_pictures", "Pictures of a batch.", buckets=_SIZES, registry=self._registry
        )
        self._waited = Histogram(
            "zsclip_queue_seconds",
            "Seconds that the first picture of a batch waited.",
            registry=self._registry,
        )
        self._took = Histogram(
            "zsclip_batch_seconds",
            "Seconds that a batch took, decoding and model.",
            registry=self._registry,
        )
        queue = Gauge(
            "zsclip_pictures_waiting", "Pictures that wait for the model.", registry=self._registry
        )
        queue.set_function(waiting)

    def batch(self, size: int, waited: float, took: float) -> None:
        """Note a batch."""
        self._sizes.observe(size)
        self._waited.observe(waited)
        self._took.observe(took)

    def value(self, name: str, **labels: str) -> float:
        """One of them, by its name as Prometheus has it; 0 if it was not counted yet."""
        return self._registry.get_sample_value(name, labels) or 0.0

    def as_text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)
