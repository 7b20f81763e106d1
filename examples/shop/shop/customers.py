"""Who buys."""

from dataclasses import dataclass


@dataclass
class Customer:
    """Somebody who has bought something."""

    name: str
