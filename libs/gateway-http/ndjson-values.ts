import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';

import { ConnectionFailure } from './gateway-problem';

/**
 * The values of a newline-delimited JSON stream. One that breaks off, or has a line that is no JSON, throws
 * `ConnectionFailure` (or the signal's reason); it never just ends early. (Not by `readline`, whose loop is documented not
 * to pass its input's errors on.)
 */
export async function* ndjsonValues<T>(
  body: Readable,
  signal?: AbortSignal,
): AsyncGenerator<T, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    }
    if (rest.trim() !== '') yield JSON.parse(rest) as T;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ConnectionFailure('the list was cut off', { cause });
  }
}
