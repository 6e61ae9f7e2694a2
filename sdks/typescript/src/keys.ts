/** Idempotency keys, and the random numbers they are made of. */

/** Keys may have 255 characters; an attempt's suffix has to fit. */
const BASE_CHARS_MAX = 240;

let found: Crypto | undefined;

/** @internal Web Crypto. Every runtime has it as a global but Node 18, which has it in a module. */
export async function webCrypto(): Promise<Crypto> {
  if (found) return found;
  if (globalThis.crypto?.subtle) return (found = globalThis.crypto);
  // Not spelled out, so that no bundler for an edge runtime looks for it.
  const module = ["node", "crypto"].join(":");
  const { webcrypto } = (await import(module)) as { webcrypto: Crypto };
  return (found = webcrypto);
}

const KEY_BYTES = 16;
/** Random bytes are fetched for so many keys at once. */
const POOL_KEYS = 256;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const pool = new Uint8Array(POOL_KEYS * KEY_BYTES);
let used = pool.length;

/** @internal A UUIDv7: random, and sorted by time, which keeps the server's index of keys compact. */
export async function newKey(): Promise<string> {
  return keyFrom(await webCrypto());
}

/** @internal The same, for whoever has `webCrypto()` at hand already. */
export function keyFrom(crypto: Crypto): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const bytes = pool.subarray(used, (used += KEY_BYTES));
  let time = Date.now();
  for (let at = 5; at >= 0; at--) {
    bytes[at] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  let key = "";
  for (let at = 0; at < KEY_BYTES; at++) {
    if (at === 4 || at === 6 || at === 8 || at === 10) key += "-";
    key += HEX[bytes[at]!];
  }
  return key;
}

/**
 * @internal The key of the n-th attempt at what was first tried under `first`. It follows from that key alone, so that
 * two processes that retry the same work meet under the same key.
 */
export async function attemptKey(first: string, attempt: number): Promise<string> {
  if (attempt === 1) return first;
  if (first.length <= BASE_CHARS_MAX) return `${first}~${attempt}`;
  const hash = await (await webCrypto()).subtle.digest("SHA-256", new TextEncoder().encode(first));
  return `${toHex(new Uint8Array(hash))}~${attempt}`;
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => HEX[byte]).join("");
}
