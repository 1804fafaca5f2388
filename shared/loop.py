"""The event loop, which everything in a process shares: whoever has much to do gives way to others in between."""

import asyncio


async def give_way() -> None:
    """Let others have their turn; what is then done until the next call is to be bounded."""
    await asyncio.sleep(0)
