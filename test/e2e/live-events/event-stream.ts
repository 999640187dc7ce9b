import { type IncomingMessage, request } from 'node:http';
import { eventually } from '@foreman/testing';

export interface StreamedEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** One open stream of events, read as it comes. */
export class EventStream {
  readonly events: StreamedEvent[] = [];
  /** The last id, with or without an event. */
  lastId: string | null = null;
  comments = 0;
  /** `whole`: ended by the gateway as it should be. `cut`: the connection broke. */
  ending: 'whole' | 'cut' | null = null;
  private rest = '';

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.take(text));
    response.on('end', () => (this.ending ??= 'whole'));
    response.on('error', () => (this.ending ??= 'cut'));
  }

  static async open(url: string, token: string, lastEventId?: string): Promise<EventStream> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { headers, agent: false }, resolve).on('error', reject).end();
    });
    return new EventStream(response);
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get headers(): IncomingMessage['headers'] {
    return this.response.headers;
  }

  of(event: string): Record<string, unknown>[] {
    return this.events.filter((each) => each.event === event).map(({ data }) => data);
  }

  /** What was told durably: `status` of states, `type` of tasks' events. */
  told(): unknown[] {
    return this.events
      .filter(({ id }) => id !== null)
      .map(({ data }) => data['status'] ?? data['type']);
  }

  until(what: string, condition: (stream: this) => boolean): Promise<boolean> {
    return eventually(what, () => condition(this));
  }

  untilEnd(): Promise<boolean> {
    return this.until('the stream ends', ({ ending }) => ending !== null);
  }

  cut(): void {
    this.response.destroy();
  }

  private take(text: string): void {
    const frames = (this.rest + text).split('\n\n');
    this.rest = frames.pop() ?? '';
    for (const frame of frames) this.takeFrame(frame);
  }

  private takeFrame(frame: string): void {
    if (frame.startsWith(':')) this.comments += 1;
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? null;
    const id = field('id');
    this.lastId = id ?? this.lastId;
    const [event, data] = [field('event'), field('data')];
    if (event === null || data === null) return;
    this.events.push({ id, event, data: JSON.parse(data) as Record<string, unknown> });
  }
}
