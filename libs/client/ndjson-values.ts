import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The values of a newline-delimited JSON stream. A stream that breaks throws; it never just ends early. */
export async function* ndjsonValues<T>(body: Readable): AsyncGenerator<T, void> {
  // readline swallows its input's errors: whoever reads would take half a stream for the whole.
  let failure: Error | null = null;
  body.once('error', (error: Error) => (failure = error));
  try {
    for await (const line of createInterface({ input: body, crlfDelay: Infinity })) {
      if (line !== '') yield JSON.parse(line) as T;
    }
    if (failure !== null) throw failure as Error;
    if (!body.readableEnded) throw new Error('the stream was cut off');
  } finally {
    body.destroy();
  }
}
