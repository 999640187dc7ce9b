import type { ForemanClient } from './foreman-client';
import type { LiveOptions, ReceivedLiveEvent } from './live-events';
import { ScriptedGateway, problem } from './spec/scripted-gateway';

const state = (id: number, status: string) =>
  `id: ${id}\nevent: state\ndata: {"status":"${status}","run":1,"seq":${id},"at":"t"}\n\n`;

describe('the live events of a client', () => {
  let gateway: ScriptedGateway;
  let client: ForemanClient;

  beforeEach(async () => {
    gateway = await new ScriptedGateway().start();
    client = gateway.client();
  });

  afterEach(async () => {
    await client.close();
    await gateway.stop();
  });

  const STREAM = { 'content-type': 'text/event-stream' };
  const collect = async (options: LiveOptions = {}) => {
    const told: ReceivedLiveEvent[] = [];
    for await (const event of client.events('j1', options)) told.push(event);
    return told;
  };
  const statuses = (told: ReceivedLiveEvent[]) =>
    told.map(({ event, data, id }) => [event, 'status' in data ? data.status : null, id]);

  it('go on after a cut where they were, and end with the job', async () => {
    gateway.script = (_request, response, count) => {
      response.writeHead(200, STREAM);
      if (count === 3) return void response.end(state(9, 'completed'));
      if (count === 2) return void response.end(': heartbeat\n\n');
      response.write(`retry: 2000\n\nevent: state\ndata: {"status":"queued"}\n\nid: 4\n\n`);
      response.write(state(7, 'running') + 'id: 8\nevent: state\ndata: {"sta', () =>
        setTimeout(() => response.socket?.destroy(), 20),
      );
    };
    expect(statuses(await collect())).toEqual([
      ['state', 'queued', null],
      ['state', 'running', '7'],
      ['state', 'completed', '9'],
    ]);
    const ids = gateway.seen.map(({ headers }) => headers['last-event-id']);
    expect(ids).toEqual([undefined, '7', '7']);
    expect(gateway.seen[0]).toMatchObject({ url: '/jobs/j1/events' });
  });

  it('do not take a cut behind the end of an earlier run for the end', async () => {
    gateway.script = (_request, response, count) => {
      response.writeHead(200, STREAM);
      if (count === 2) return void response.end(state(2, 'queued') + state(3, 'completed'));
      response.write(state(1, 'failed'), () => setTimeout(() => response.socket?.destroy(), 20));
    };
    const told = statuses(await collect()).map(([, status]) => status);
    expect(told).toEqual(['failed', 'queued', 'completed']);
  });

  it('end at once when all was told before', async () => {
    expect(await collect({ lastEventId: '9' })).toEqual([]);
    expect(gateway.seen.map(({ headers }) => headers['last-event-id'])).toEqual(['9']);
  });

  it('read every line end of the standard, in pieces, and leave out what they do not know', async () => {
    const text =
      'event: state\r\ndata: {"status":\r\ndata: "failed"}\r\nid: 1\r\n\r\n' +
      'event: news\rdata: {}\r\r' +
      ':comment\nevent:task\ndata:{"type":"ä"}\nid:2\n\n';
    gateway.script = (_request, response) => {
      response.writeHead(200, STREAM);
      const bytes = Buffer.from(text);
      const send = (at: number) => {
        if (at === bytes.length) response.end();
        else response.write(bytes.subarray(at, at + 1), () => setImmediate(send, at + 1));
      };
      send(0);
    };
    expect(await collect()).toEqual([
      { event: 'state', data: { status: 'failed' }, id: '1' },
      { event: 'task', data: { type: 'ä' }, id: '2' },
    ]);
  });

  it('wait for a place, and end with `gone` for a job that is deleted meanwhile', async () => {
    gateway.script = (_request, response, count) => {
      if (count === 1) return problem(response, 429, 'rate.limited');
      if (count === 3) return problem(response, 404, 'job.not_found');
      response.writeHead(200, STREAM).end(state(1, 'queued'));
    };
    expect(statuses(await collect())).toEqual([
      ['state', 'queued', '1'],
      ['gone', null, '1'],
    ]);
  });

  it('throw a refusal, and what is no stream of events in all their tries', async () => {
    gateway.script = (_request, response) => problem(response, 404, 'job.not_found');
    await expect(collect()).rejects.toMatchObject({ code: 'job.not_found' });
    gateway.script = (_request, response) => response.end('<html>');
    await expect(collect()).rejects.toThrow(/answered 200 without events/);
    gateway.script = (_request, response) =>
      response.writeHead(200, STREAM).end(`data: ${'x'.repeat(1_100_000)}`);
    await expect(collect()).rejects.toThrow(/longer than/);
  });

  it('throw the reason of a signal in the middle of the stream', async () => {
    gateway.script = (_request, response) => {
      response.writeHead(200, STREAM).write(state(1, 'running'));
    };
    const stop = new AbortController();
    const told = client.events('j1', { signal: stop.signal });
    await told.next();
    const waiting = told.next();
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
