// Operations from standard input, through the TypeScript SDK; a line of what each was answered.

import { text } from "node:stream/consumers";
import { Chargly, CharglyError } from "../typescript/dist/esm/index.js";

const client = new Chargly();
const holds = new Map();

async function answer({ op, event, customer, credits, key, hold }) {
  const options = { idempotencyKey: key };
  if (op === "meter") return (await client.meterEvent(event, customer, options)).remainingBalance;
  if (op === "hold") {
    const placed = await client.placeHold(event, customer, { credits, ...options });
    holds.set(key, placed.holdId);
    return placed.remainingBalance;
  }
  if (op === "capture") return (await client.captureHold(holds.get(hold), { credits, ...options })).remainingBalance;
  return (await client.voidHold(holds.get(hold), options)).remainingBalance;
}

for (const one of JSON.parse(await text(process.stdin))) {
  try {
    console.log(`ok ${await answer(one)}`);
  } catch (error) {
    if (!(error instanceof CharglyError)) throw error;
    console.log(`refused ${error.code}`);
  }
}
