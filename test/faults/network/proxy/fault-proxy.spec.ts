import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from '@foreman/testing';
import { type ExchangePlan, type FaultKind, FAULT_KINDS } from './fault-plan';
import { FaultProxy } from './fault-proxy';

const BODY = 'x'.repeat(2000);
const LATE_MS = 40;

/** What the caller gets, how often the gateway gets the whole request, and whether it gets half of one. */
const SEEN: Record<FaultKind, { answer: boolean; whole: number; half: boolean }> = {
  'request dropped': { answer: false, whole: 0, half: false },
  'request cut': { answer: false, whole: 0, half: true },
  'request delayed': { answer: true, whole: 1, half: false },
  'answer dropped': { answer: false, whole: 1, half: false },
  'answer cut': { answer: false, whole: 1, half: false },
  'answer delayed': { answer: true, whole: 1, half: false },
  duplicated: { answer: true, whole: 2, half: false },
  'duplicated, answer dropped': { answer: false, whole: 2, half: false },
};

describe('FaultProxy', () => {
  let server: Server;
  let proxy: FaultProxy;
  let kind: FaultKind | null;
  let outageMs: number | null;
  let whole: string[];
  let halves: number;

  const plan: ExchangePlan = {
    faultOf: () => (kind === null ? null : { kind, lateMs: LATE_MS, cutAt: 0.6 }),
    outageOf: () => outageMs,
  };

  beforeEach(async () => {
    whole = [];
    halves = 0;
    outageMs = null;
    server = createServer((request, response) => {
      text(request).then(
        (body) => {
          whole.push(`${request.method} ${request.url} ${body}`);
          response.end(body);
        },
        () => (halves += 1),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = new FaultProxy((server.address() as AddressInfo).port);
  });

  afterEach(async () => {
    await proxy.close();
    server.close();
    server.closeAllConnections();
  });

  const ask = async (baseUrl: string) => {
    const response = await fetch(`${baseUrl}/a`, { method: 'POST', body: BODY });
    return (await response.text()) === BODY;
  };

  it('passes on what nothing happens to', async () => {
    kind = null;
    const { baseUrl } = await proxy.open('a', plan, { hasOutages: false });
    expect(await ask(baseUrl)).toBe(true);
    expect(await ask(baseUrl)).toBe(true);
    expect(whole).toEqual([`POST /a ${BODY}`, `POST /a ${BODY}`]);
  });

  it.each(FAULT_KINDS)('%s', async (drawn) => {
    kind = drawn;
    const expected = SEEN[drawn];
    const { baseUrl } = await proxy.open('a', plan, { hasOutages: false });
    expect(await ask(baseUrl).catch(() => false)).toBe(expected.answer);
    await proxy.duplicates.allArrived();
    if (expected.half) await eventually('half a request', () => halves === 1);
    expect(whole).toEqual(Array.from({ length: expected.whole }, () => `POST /a ${BODY}`));
    expect(halves).toBe(expected.half ? 1 : 0);
    expect(proxy.journal.faultCount(drawn)).toBe(1);
    const duplicates = proxy.journal.entries.filter(({ isDuplicate }) => isDuplicate);
    expect(duplicates.map(({ status }) => status)).toEqual(expected.whole === 2 ? [200] : []);
  });

  it('in an outage the gateway does what it was asked, the caller hears nothing, and nobody gets in', async () => {
    kind = null;
    outageMs = 60_000;
    const { baseUrl } = await proxy.open('a', plan, { hasOutages: true });
    await expect(ask(baseUrl)).rejects.toThrow('fetch failed');
    await eventually('the request has arrived', () => whole.length === 1);
    await expect(ask(baseUrl)).rejects.toThrow('fetch failed');
    expect(whole).toHaveLength(1);
    expect(proxy.journal.outageCount).toBe(1);
  });
});
