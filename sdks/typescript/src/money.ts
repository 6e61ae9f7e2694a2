/** Money in the smallest coins of its currency. */

import type { Money } from "./types.js";

/** Decimal places of currencies whose smallest coin is not a hundredth. */
const MINOR_DIGITS: Record<number, string> = {
  0: "bif clp djf gnf isk jpy kmf krw pyg rwf ugx uyi vnd vuv xaf xof xpf",
  3: "bhd iqd jod kwd lyd omr tnd",
  4: "clf uyw",
};

function minorDigits(currency: string): number {
  const found = Object.entries(MINOR_DIGITS).find(([, codes]) => codes.split(" ").includes(currency));
  return found ? Number(found[0]) : 2;
}

/** An amount in the smallest coins of its currency; worked out in text, so that no fraction is rounded on the way. */
export function minorUnits(money: Money): number {
  const digits = minorDigits(money.currency);
  const [whole = "0", fraction = ""] = money.amount.split(".");
  return Number(whole + fraction.padEnd(digits, "0").slice(0, digits));
}
