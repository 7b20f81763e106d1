"""Paying for an order."""

from shop.models import Buyer, Order


def receipt(order: Order, buyer: Buyer) -> str:
    """Say who has paid how much."""
    return f"{buyer.name} has paid {order.total:.2f}"


if __name__ == "__main__":
    print(receipt(Order(total=12.5), Buyer(name="Ada")))
