import { readFile } from 'node:fs/promises';
import type { LeasedTask, TaskContext } from '@foreman/edge-sdk';
import { InvalidPayload } from './invalid-payload';

/** The input that brings the prices where the payload has none. */
const PRICES = 'prices';
/** Twice what the largest series that is taken needs, written out at length. */
const MAX_BYTES = 67_108_864;

/**
 * The payload, with `prices` from the input of that name where it has none itself: a JSON list of bars. Both are
 * checked alike later on.
 * @throws InvalidPayload for an input that is no JSON, or beyond all measure; whatever `inputFile` rejects with
 */
export async function payloadWithPrices(
  { payload, inputs }: LeasedTask,
  context: Pick<TaskContext, 'inputFile'>,
): Promise<LeasedTask['payload']> {
  if (payload[PRICES] !== undefined && payload[PRICES] !== null) return payload;
  const input = inputs.find(({ name }) => name === PRICES);
  if (input === undefined) return payload;
  if (input.url === null && typeof input.inline !== 'string') {
    return { ...payload, [PRICES]: input.inline };
  }
  if (input.size > MAX_BYTES) {
    throw new InvalidPayload('inputs.prices', `must have at most ${MAX_BYTES} bytes`);
  }
  const text = await readFile(await context.inputFile(PRICES), 'utf8');
  return { ...payload, [PRICES]: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidPayload('inputs.prices', 'must be JSON: a list of bars');
  }
}
