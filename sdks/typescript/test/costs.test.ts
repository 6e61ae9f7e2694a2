/** Costs as providers say them, in the server's words. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { Chargly, type Cost } from "chargly";
import { OK, script } from "./harness/fetches.js";

async function sent(cost: unknown): Promise<unknown> {
  const { fetch, asked } = script(OK);
  const chargly = new Chargly({ apiKey: "sk_test_1", fetch });
  await chargly.meterEvent("chat.reply", "user_42", { cost: cost as Cost });
  return asked[0]!.body["cost"];
}

it("an amount goes as it is", async () => {
  assert.deepEqual(await sent({ amount: "0.04", currency: "usd" }), { amount: "0.04", currency: "usd" });
});

it("counts go in the server's names", async () => {
  const counts = { provider: "acme", model: "writer-1", inputTokens: 812, cachedInputTokens: 512, cacheWriteTokens: 1, outputTokens: 164, images: 1, seconds: 2.5, requests: 1, batch: true };
  assert.deepEqual(await sent(counts), {
    provider: "acme", model: "writer-1", input_tokens: 812, cached_input_tokens: 512, cache_write_tokens: 1, output_tokens: 164, images: 1, seconds: 2.5, requests: 1, batch: true,
  });
});

it("a chat completion of OpenAI", async () => {
  const answer = {
    id: "chatcmpl-1", object: "chat.completion", model: "gpt-4o-2024-08-06", choices: [],
    usage: {
      prompt_tokens: 2006, completion_tokens: 300, total_tokens: 2306,
      prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  };
  const expected = { provider: "openai", input_tokens: 2006, cached_input_tokens: 1920, output_tokens: 300 };
  assert.deepEqual(await sent(answer), { ...expected, model: "gpt-4o-2024-08-06" });
  assert.deepEqual(await sent({ model: "gpt-4o", usage: answer.usage, batch: true }), { ...expected, model: "gpt-4o", batch: true });
});

it("a response of OpenAI", async () => {
  const answer = {
    id: "resp_1", object: "response", model: "gpt-4.1",
    usage: { input_tokens: 328, input_tokens_details: { cached_tokens: 100 }, output_tokens: 52, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 380 },
  };
  assert.deepEqual(await sent(answer), { provider: "openai", model: "gpt-4.1", input_tokens: 328, cached_input_tokens: 100, output_tokens: 52 });
});

it("a message of Anthropic, whose input leaves out what the cache had", async () => {
  const answer = {
    id: "msg_1", type: "message", role: "assistant", model: "claude-sonnet-4-5",
    usage: { input_tokens: 21, cache_creation_input_tokens: 188, cache_read_input_tokens: 1000, output_tokens: 393, service_tier: "standard" },
  };
  assert.deepEqual(await sent(answer), {
    provider: "anthropic", model: "claude-sonnet-4-5", input_tokens: 1209, cached_input_tokens: 1000, cache_write_tokens: 188, output_tokens: 393,
  });
  const plain = { model: "claude-sonnet-4-5", usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: null } };
  assert.deepEqual(await sent(plain), { provider: "anthropic", model: "claude-sonnet-4-5", input_tokens: 10, output_tokens: 5 });
});

it("an answer of LiteLLM, with the provider in the name, or with its sum", async () => {
  const usage = {
    prompt_tokens: 1209, completion_tokens: 393, total_tokens: 1602,
    prompt_tokens_details: { cached_tokens: 1000 }, cache_creation_input_tokens: 188, cache_read_input_tokens: 1000,
  };
  assert.deepEqual(await sent({ model: "anthropic/claude-sonnet-4-5", usage }), {
    provider: "anthropic", model: "claude-sonnet-4-5", input_tokens: 1209, cached_input_tokens: 1000, cache_write_tokens: 188, output_tokens: 393,
  });
  const ownNames = { provider: "our-proxy", model: "team/fast", usage };
  assert.equal(((await sent(ownNames)) as Record<string, string>)["model"], "team/fast");
  assert.deepEqual(await sent({ model: "x", usage, response_cost: 0.0000042 }), { amount: "0.0000042", currency: "usd" });
  assert.deepEqual(await sent({ model: "x", usage, _hidden_params: { response_cost: 100 } }), { amount: "100", currency: "usd" });
});

it("what is none of them is refused before anything is sent", async () => {
  await assert.rejects(sent({ usage: { input_tokens: 1 } }), /model/);
  await assert.rejects(sent({ price: 3 }), TypeError);
  await assert.rejects(sent({ model: "x", usage: {}, response_cost: Number.NaN }), TypeError);
});
