import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { sha256Hex } from '@foreman/kernel';
import { ConnectionFailure, problemFrom } from './gateway-problem';
import { resumedDownload } from './resumed-download';
import { notingClock } from './spec/noting-clock';

const BYTES = Buffer.from('0123456789');
const EXPECTED = { name: 'digits', size: BYTES.length, sha256: sha256Hex(BYTES) };

/** What one try brings: an error instead of an answer, or so many bytes and then a cut. */
type Try = Error | number;

const refusal = (status: number, retryAfter?: string, code = `test.${status}`) =>
  problemFrom(status, JSON.stringify({ code }), retryAfter, 0);
const times = (count: number, one: Try): Try[] => Array.from({ length: count }, () => one);

/** The tries as told, and then one that brings all the rest; over HTTP: libs/edge-sdk/input-files.spec.ts. */
async function downloading(tries: readonly Try[], settings: object = {}) {
  const waits: number[] = [];
  let asked = 0;
  const open = async (headers: Readonly<Record<string, string>>) => {
    const next = tries[asked];
    asked += 1;
    if (next instanceof Error) throw next;
    const start = Number(/^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1] ?? 0);
    const body = Readable.from(cutAfter(BYTES.subarray(start), next), { objectMode: false });
    return { status: start === 0 ? 200 : 206, headers: {}, body };
  };
  const chunks = resumedDownload(EXPECTED, open, {
    clock: notingClock(waits),
    random: { next: () => 0.5 },
    ...settings,
  });
  const outcome = await buffer(Readable.from(chunks, { objectMode: false })).then(
    (bytes) => (bytes.equals(BYTES) ? 'whole' : 'other bytes'),
    (error: unknown) => error,
  );
  return { waits, asked, outcome };
}

async function* cutAfter(bytes: Buffer, count: number | undefined): AsyncGenerator<Buffer> {
  if (count !== 0) yield bytes.subarray(0, count);
  if (count !== undefined) throw new Error('cut');
}

describe('a resumed download', () => {
  it.each([429, 503, 507])(
    'waits as long as %d asks, but no longer than an hour',
    async (status) => {
      const tries = [refusal(status, '7'), 4, refusal(status, '86400')];
      const { waits, outcome } = await downloading(tries);
      expect([outcome, waits]).toEqual(['whole', [7000, 250, 3_600_000]]);
    },
  );

  it('never waits less than it would without being asked', async () => {
    const { waits } = await downloading([refusal(503), refusal(503), refusal(503, '0')]);
    expect(waits).toEqual([250, 500, 1000]);
  });

  it('goes on after nine answers in a row without a byte', async () => {
    expect(await downloading([4, ...times(9, 0)])).toMatchObject({ outcome: 'whole', asked: 11 });
  });

  it.each<[string, Try, object]>([
    ['that break off', 0, { name: 'ConnectionFailure' }],
    ['that are 500', refusal(500, undefined, 'internal'), { code: 'internal' }],
  ])('ends with the tenth of the answers %s, about a minute after', async (_, empty, error) => {
    const { asked, outcome, waits } = await downloading([4, ...times(10, empty)]);
    expect(outcome).toMatchObject(error);
    expect(asked).toBe(11);
    const waitedMs = waits.reduce((sum, ms) => sum + ms, 0);
    expect(waitedMs).toBeGreaterThan(45_000);
    expect(waitedMs).toBeLessThan(90_000);
  });

  it('counts them anew with every byte', async () => {
    const tries = [...times(9, 0), 1, ...times(9, 0), 1, ...times(9, 0)];
    expect(await downloading(tries)).toMatchObject({ outcome: 'whole', asked: 30 });
  });

  it.each([
    ['is away', new ConnectionFailure('refused')],
    ['stands behind a proxy that says so', refusal(502)],
    ['asks for patience', refusal(503)],
  ])('waits for a gateway that %s', async (_, failure) => {
    expect(await downloading(times(100, failure))).toMatchObject({ outcome: 'whole' });
  });

  it('gives up after the tries that it was given', async () => {
    const tries = times(3, new ConnectionFailure('refused'));
    expect(await downloading(tries, { maxAttempts: 3 })).toMatchObject({
      outcome: { name: 'ConnectionFailure' },
      asked: 3,
    });
  });

  it('asks once for bytes that are damaged', async () => {
    const damaged = refusal(500, undefined, 'artifact.corrupt');
    expect(await downloading([damaged])).toMatchObject({ outcome: damaged, asked: 1 });
  });
});
