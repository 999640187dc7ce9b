import type { FieldErrors } from './field-errors';

type Payload = Readonly<Record<string, unknown>>;
type Check = (payload: Payload, path: string, errors: FieldErrors) => void;

/** Checks the payload of a kind whose shape the contract gives; other kinds are free objects. */
export function checkKnownPayload(
  kind: string,
  payload: Payload,
  path: string,
  errors: FieldErrors,
): void {
  KNOWN_PAYLOADS.get(kind)?.(payload, path, errors);
}

const KNOWN_PAYLOADS = new Map<string, Check>([
  ['chat', checkChat],
  ['strategy-search', checkStrategySearch],
]);

const ROLES = new Set(['system', 'user', 'assistant', 'tool']);

/** An Ollama `/api/chat` request; `stream` is the agent's to force off. */
function checkChat(payload: Payload, path: string, errors: FieldErrors): void {
  errors.unless(isText(payload.model), `${path}.model`, 'must be a non-empty string');
  const messages = payload.messages;
  errors.unless(
    Array.isArray(messages) && messages.length > 0,
    `${path}.messages`,
    'must be a list of at least one message',
  );
  for (const [index, message] of (Array.isArray(messages) ? messages : []).entries()) {
    const isMessage =
      isRecord(message) &&
      typeof message.role === 'string' &&
      ROLES.has(message.role) &&
      (typeof message.content === 'string' || Array.isArray(message.tool_calls));
    errors.unless(isMessage, `${path}.messages.${index}`, 'must have a role and a content');
  }
  optional(payload.tools, Array.isArray, `${path}.tools`, 'must be a list', errors);
  optional(payload.options, isRecord, `${path}.options`, 'must be an object', errors);
  optional(
    payload.format,
    (value) => value === 'json' || isRecord(value),
    `${path}.format`,
    'must be "json" or a JSON schema',
    errors,
  );
}

function checkStrategySearch(payload: Payload, path: string, errors: FieldErrors): void {
  for (const name of ['symbol', 'interval', 'strategy'] as const) {
    errors.unless(isText(payload[name]), `${path}.${name}`, 'must be a non-empty string');
  }
  const { searchStrategy, trials, metrics, parameters, prices } = payload;
  errors.unless(
    searchStrategy === 'grid' || searchStrategy === 'random',
    `${path}.searchStrategy`,
    'must be grid or random',
  );
  errors.unless(isRecord(parameters), `${path}.parameters`, 'must be an object');
  for (const [name, range] of Object.entries(isRecord(parameters) ? parameters : {})) {
    errors.unless(
      isRange(range),
      `${path}.parameters.${name}`,
      'must be {min, max, step} with min <= max and step > 0, or a list of values',
    );
  }
  errors.unless(
    Array.isArray(metrics) && metrics.every(isText),
    `${path}.metrics`,
    'must be a list of metric names',
  );
  errors.unless(
    isRecord(trials) && isPositiveInteger(trials.max) && isOptionalInteger(trials.seed),
    `${path}.trials`,
    'must be {max, seed?}: whole numbers, max at least 1',
  );
  if (prices !== undefined) checkPrices(prices, `${path}.prices`, errors);
}

/** Lists that were found good: the tasks of a job share their job's prices by reference. */
const goodPrices = new WeakSet<object>();

function checkPrices(prices: unknown, path: string, errors: FieldErrors): void {
  if (!Array.isArray(prices)) return errors.add(path, 'must be a list of bars');
  if (goodPrices.has(prices)) return;
  const bad = prices.findIndex((bar) => !isBar(bar));
  if (bad === -1) goodPrices.add(prices);
  else errors.add(`${path}.${bad}`, 'must be {time, open?, high?, low?, close, volume?}');
}

function isBar(bar: unknown): boolean {
  return (
    isRecord(bar) &&
    (isText(bar.time) || isFiniteNumber(bar.time)) &&
    isFiniteNumber(bar.close) &&
    [bar.open, bar.high, bar.low, bar.volume].every(
      (value) => value === undefined || value === null || isFiniteNumber(value),
    )
  );
}

function isRange(range: unknown): boolean {
  if (Array.isArray(range)) return range.length > 0;
  return (
    isRecord(range) &&
    isFiniteNumber(range.min) &&
    isFiniteNumber(range.max) &&
    isFiniteNumber(range.step) &&
    range.min <= range.max &&
    range.step > 0
  );
}

function optional(
  value: unknown,
  holds: (value: unknown) => boolean,
  path: string,
  message: string,
  errors: FieldErrors,
): void {
  errors.unless(value === undefined || value === null || holds(value), path, message);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0;
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isPositiveInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isOptionalInteger(value: unknown): boolean {
  return value === undefined || value === null || Number.isSafeInteger(value);
}
