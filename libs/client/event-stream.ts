import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { ConnectionFailure } from '@foreman/gateway-http';

/** One event of a stream, as it was sent. An event without data moves the id only. */
export interface StreamEvent {
  /** Of this event, or of the last one that had one; null before the first. */
  readonly lastEventId: string | null;
  readonly event: string;
  readonly data: string;
}

/** Far above every event of the contract; a foreign server cannot fill the memory. */
const MAX_EVENT_CHARS = 1024 * 1024;

/**
 * The events of a `text/event-stream` body (WHATWG HTML, 9.2.6), those without data included. It ends
 * only when the body ended as a whole; one that breaks off throws `ConnectionFailure`. What came after the
 * last empty line is dropped, as the standard asks.
 */
export async function* streamEvents(body: Readable): AsyncGenerator<StreamEvent, void> {
  const decoder = new StringDecoder('utf8');
  const parser = new EventParser();
  for await (const chunk of unbroken(body)) yield* parser.take(decoder.write(chunk));
}

class EventParser {
  private rest = '';
  private lastEventId: string | null = null;
  private event = '';
  private data: string[] = [];
  private isEmpty = true;
  private chars = 0;

  *take(text: string): Generator<StreamEvent, void> {
    // A CR at the end may be the first half of a CR LF: it waits for what follows.
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      this.grow(line);
      if (line !== '') this.takeField(line);
      else if (!this.isEmpty) yield this.dispatch();
    }
    if (this.chars + this.rest.length > MAX_EVENT_CHARS) throw tooLong();
  }

  private grow(line: string): void {
    this.chars += line.length;
    if (this.chars > MAX_EVENT_CHARS) throw tooLong();
  }

  private takeField(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.event = value;
    else if (name === 'data') this.data.push(value);
    else if (name === 'id' && !value.includes('\0')) this.lastEventId = value;
    else return;
    this.isEmpty = false;
  }

  private dispatch(): StreamEvent {
    const { lastEventId, event, data } = this;
    this.event = '';
    this.data = [];
    this.isEmpty = true;
    this.chars = 0;
    return { lastEventId, event, data: data.join('\n') };
  }
}

function tooLong(): ConnectionFailure {
  return new ConnectionFailure(`An event is longer than ${MAX_EVENT_CHARS} characters`);
}

async function* unbroken(body: Readable): AsyncGenerator<Buffer, void> {
  try {
    for await (const chunk of body) yield chunk as Buffer;
  } catch (cause) {
    throw new ConnectionFailure('The stream of events broke off', { cause });
  }
}
