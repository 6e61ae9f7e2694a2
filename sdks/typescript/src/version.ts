/** The version of this package; the same as in package.json, which the check compares. */
export const VERSION = "0.1.0";
