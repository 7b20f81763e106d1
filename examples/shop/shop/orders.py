"""What is bought."""

from dataclasses import dataclass


@dataclass
class Order:
    """What somebody has bought."""

    total: float
