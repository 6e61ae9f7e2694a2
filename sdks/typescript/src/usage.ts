/** What work cost you, said as it comes: an amount, counts, or what a provider answered. */

import type { Money, Raw } from "./types.js";

/** Counts of what a model was used for, priced by your rate card. `inputTokens` are all of them, cached ones included. */
export interface UsageCost {
  provider: string;
  model: string;
  inputTokens?: number | undefined;
  cachedInputTokens?: number | undefined;
  cacheWriteTokens?: number | undefined;
  outputTokens?: number | undefined;
  images?: number | undefined;
  seconds?: number | undefined;
  requests?: number | undefined;
  batch?: boolean | undefined;
}

/** The `usage` of an answer, with whose it is where that should be said in other words than the answer's. */
export interface ProviderUsage {
  provider?: string | undefined;
  model?: string | undefined;
  /** Work handed in as a batch, at the batch rate. */
  batch?: boolean | undefined;
  usage: object;
}

/**
 * What work cost: money, counts, or an answer of OpenAI, Anthropic or LiteLLM as it came (an object with `model` and
 * `usage`). A cost that LiteLLM has computed (`response_cost`) is taken as the amount, in US dollars.
 */
export type Cost = Money | UsageCost | ProviderUsage;

/** @internal The server's form of a cost. */
export function costToWire(cost: Cost): Raw {
  const given = cost as unknown as Raw;
  if ("amount" in given) return { amount: given["amount"], currency: given["currency"] };
  const computed = responseCost(given);
  if (computed !== undefined) return { amount: decimal(computed), currency: "usd" };
  if (isObject(given["usage"])) return usageToWire(given, given["usage"]);
  if (!("provider" in given && "model" in given)) {
    throw new TypeError(
      "cost is not understood: give {amount, currency}, {provider, model, inputTokens, …}, " +
        "a provider's answer with its model and usage, or {provider, model, usage}",
    );
  }
  return present({
    provider: given["provider"],
    model: given["model"],
    input_tokens: given["inputTokens"],
    cached_input_tokens: given["cachedInputTokens"],
    cache_write_tokens: given["cacheWriteTokens"],
    output_tokens: given["outputTokens"],
    images: given["images"],
    seconds: given["seconds"],
    requests: given["requests"],
    batch: given["batch"],
  });
}

/** The sum that LiteLLM's proxy and its callbacks put beside an answer. */
function responseCost(given: Raw): unknown {
  const hidden = isObject(given["_hidden_params"]) ? given["_hidden_params"] : {};
  return given["response_cost"] ?? hidden["response_cost"] ?? undefined;
}

function usageToWire(given: Raw, usage: Raw): Raw {
  const model = optionalText(given["model"]);
  if (model === undefined) throw new TypeError("cost needs the model beside its usage: {provider, model, usage}");
  const slash = model.indexOf("/");
  // LiteLLM names a model with its provider in front.
  const named = slash > 0 && given["provider"] === undefined;
  const provider = optionalText(given["provider"]) ?? (named ? model.slice(0, slash) : providerOf(usage));
  return present({
    provider,
    model: named ? model.slice(slash + 1) : model,
    ...("prompt_tokens" in usage ? chatTokens(usage) : tokens(usage)),
    batch: given["batch"],
  });
}

/** Only Anthropic counts cached tokens beside the input; OpenAI's newer answers say which of the input was cached. */
function providerOf(usage: Raw): string {
  const isAnthropic =
    !("prompt_tokens" in usage) &&
    ("cache_read_input_tokens" in usage || "cache_creation_input_tokens" in usage || !("total_tokens" in usage));
  return isAnthropic ? "anthropic" : "openai";
}

/** Chat completions of OpenAI, and LiteLLM for every provider: `prompt_tokens` are all of the input. */
function chatTokens(usage: Raw): Raw {
  const details = isObject(usage["prompt_tokens_details"]) ? usage["prompt_tokens_details"] : {};
  return {
    input_tokens: count(usage["prompt_tokens"]),
    cached_input_tokens: count(details["cached_tokens"]) ?? count(usage["cache_read_input_tokens"]),
    cache_write_tokens: count(usage["cache_creation_input_tokens"]) ?? count(details["cache_creation_tokens"]),
    output_tokens: count(usage["completion_tokens"]),
  };
}

function tokens(usage: Raw): Raw {
  const output_tokens = count(usage["output_tokens"]);
  const input = count(usage["input_tokens"]) ?? 0;
  const details = usage["input_tokens_details"];
  if (isObject(details)) {
    // OpenAI's responses: `input_tokens` are all of the input.
    return { input_tokens: input, cached_input_tokens: count(details["cached_tokens"]), output_tokens };
  }
  // Anthropic: `input_tokens` are those that were neither read from the cache nor written to it.
  const read = count(usage["cache_read_input_tokens"]);
  const written = count(usage["cache_creation_input_tokens"]);
  return {
    input_tokens: input + (read ?? 0) + (written ?? 0),
    cached_input_tokens: read,
    cache_write_tokens: written,
    output_tokens,
  };
}

/** A number as a decimal string without an exponent, to a billionth: what the server keeps of a cost. */
function decimal(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw new TypeError("response_cost is not an amount");
  }
  return value.toFixed(9).replace(/\.?0+$/, "");
}

function count(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function optionalText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isObject(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Without the fields that are undefined. */
function present(fields: Raw): Raw {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
