/** One page of a list, and the way to the next. */

import type { Raw } from "./types.js";

/** One page of a list. `for await (const item of page)` goes through the items of this page and of all that follow. */
export class Page<Item> implements AsyncIterable<Item> {
  readonly data: Item[];
  /** Where the next page begins; null at the end. */
  readonly nextCursor: string | null;
  readonly raw: Raw;
  #next: (cursor: string) => Promise<Page<Item>>;

  constructor(raw: Raw, shape: (raw: Raw) => Item, next: (cursor: string) => Promise<Page<Item>>) {
    this.data = (raw["data"] as Raw[]).map(shape);
    this.nextCursor = raw["next_cursor"] as string | null;
    this.raw = raw;
    this.#next = next;
  }

  /** The page behind this one, or null. */
  async nextPage(): Promise<Page<Item> | null> {
    return this.nextCursor === null ? null : this.#next(this.nextCursor);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Item> {
    for (let page: Page<Item> | null = this; page !== null; page = await page.nextPage()) yield* page.data;
  }
}
