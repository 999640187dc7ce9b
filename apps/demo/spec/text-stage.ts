import { PassThrough } from 'node:stream';
import type { Stage } from '../stage/narrator';

/** A stage whose text can be read. */
export function textStage(): Stage & { text(): string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { stream, isTerminal: false, text: () => text };
}
