"""A program that answers by LiteLLM, with the callback in its configuration and no network."""

import asyncio
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


def main(count):
    import litellm
    from litellm.proxy.types_utils.utils import get_instance_fn

    from wellspring_client.litellm import handler

    assert (
        get_instance_fn("wellspring_client.litellm.handler", "/etc/litellm/config.yaml") is handler
    )
    litellm.callbacks = [handler]
    facts = {"model": "gpt-4o", "messages": [{"role": "user", "content": "An ode"}]}

    def told(n, tier):
        return facts | {"mock_response": f"Ode {n}.", "metadata": {"tags": [f"tier:{tier}"]}}

    for n in range(count):
        litellm.completion(**told(f"s{n}", "free"))
        for _ in litellm.completion(**told(f"t{n}", "standard"), stream=True):
            pass

    async def answers():
        for n in range(count):
            await litellm.acompletion(**told(f"a{n}", "premium"))
            async for _ in await litellm.acompletion(**told(f"b{n}", "elite"), stream=True):
                pass
        until = asyncio.get_running_loop().time() + 30
        while handler.client.stats().recorded < 4 * count:
            assert asyncio.get_running_loop().time() < until, handler.client.stats()
            await asyncio.sleep(0.01)

    asyncio.run(answers())
    handler.log_success_event({"standard_logging_object": None}, None, None, None)
    assert handler.client.flush(60)
    assert handler.client.stats().recorded == 4 * count


if __name__ == "__main__":
    main(int(sys.argv[1]))
