/** What a call throws, for a closer look than `assert.rejects` takes. */

import assert from "node:assert/strict";

export async function thrownBy(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => assert.fail("nothing was thrown"),
    (thrown: unknown) => thrown,
  );
}
