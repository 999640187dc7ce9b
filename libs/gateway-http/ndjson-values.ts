import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';

/**
 * The values of a newline-delimited JSON stream. A stream that breaks throws; it never just ends early. (Not by
 * `readline`, whose loop is documented not to pass its input's errors on.)
 */
export async function* ndjsonValues<T>(body: Readable): AsyncGenerator<T, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as T;
}
