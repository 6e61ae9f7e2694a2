/** Chargly's SDK: meter, price and charge what people do in your AI product. */

export { Batcher, BatcherError, BatcherFullError, type BatcherFailure, type BatcherOptions } from "./batcher.js";
export { Chargly, type CharglyOptions } from "./client.js";
export { configure, meterEvent } from "./default.js";
export {
  CaptureExceedsHoldError,
  CharglyError,
  ConflictError,
  ConnectionError,
  ForbiddenError,
  GoneError,
  HoldNotOpenError,
  IdempotencyConflictError,
  InsufficientCreditsError,
  InvalidRequestError,
  NotFoundError,
  PaymentRequiredError,
  RateLimitedError,
  ServerError,
  TimeoutError,
  UnauthorizedError,
  UnknownEventTypeError,
  WalletFrozenError,
  type CheckoutHint,
  type ErrorInit,
  type FieldError,
  type Problem,
} from "./errors.js";
export { Hold } from "./hold.js";
export type { MeteredOptions } from "./metered.js";
export { Page } from "./page.js";
export type { Fetch } from "./transport.js";
export * from "./types.js";
export type { Cost, ProviderUsage, UsageCost } from "./usage.js";
export { VERSION } from "./version.js";
export {
  WebhookVerificationError,
  verifyWebhook,
  type VerifyOptions,
  type WebhookEvent,
  type WebhookHeaders,
  type WebhookType,
} from "./webhooks.js";
export { Chargly as default } from "./client.js";
