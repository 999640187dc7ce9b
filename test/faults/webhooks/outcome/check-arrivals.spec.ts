import { createHmac } from 'node:crypto';
import type { Arrival, Ledger } from '../ledger';
import { checkArrivals } from './check-arrivals';

const KEY = Buffer.alloc(32, 'key');
const SECRET = `whsec_${KEY.toString('base64')}`;
const PATHS = ['/own/0', '/standing/0'];

function bodyOf(run: number, seq: number, type = 'job.cancelled'): string {
  return JSON.stringify({ type, data: { job: { id: 'j', run, seq } } });
}

function arrival(path: string, run: number, changes: Partial<Arrival> = {}): Arrival {
  const id = changes.id ?? `event-${run}`;
  const timestamp = changes.timestamp ?? '1000';
  const body = changes.body ?? bodyOf(run, run * 3);
  const mac = createHmac('sha256', KEY).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { path, id, timestamp, body, signature: `v1,${mac}`, answer: 'ok', ...changes };
}

/** One job of two runs, each told to both endpoints: the second run twice to the first, as after a kill. */
function wellDone(): Arrival[] {
  return [
    ...PATHS.flatMap((path) => [1, 2].map((run) => arrival(path, run))),
    arrival('/own/0', 2, { timestamp: '1001' }),
  ];
}

function judged(arrivals: Arrival[]): string[] {
  const ledger: Ledger = {
    endpoints: PATHS.map((path) => ({ path, secret: SECRET })),
    jobs: [{ jobId: 'j', runs: 2, paths: PATHS }],
    arrivals,
  };
  return checkArrivals(ledger);
}

describe('the judge of what webhooks arrived', () => {
  it('finds nothing where all is well, duplicates and another order of arrival included', () => {
    expect(judged(wellDone())).toEqual([]);
    expect(judged(wellDone().toReversed())).toEqual([]);
  });

  it.each<[string, (arrivals: Arrival[]) => Arrival[], RegExp]>([
    [
      'an event that never arrived',
      (all) => all.filter(({ path, id }) => !(path === '/standing/0' && id === 'event-2')),
      /standing\/0: job j, run 2 never arrived/,
    ],
    [
      'a duplicate under another id',
      (all) => [...all, arrival('/own/0', 2, { id: 'event-9' })],
      /own\/0: job j, run 2 has several ids/,
    ],
    [
      'a duplicate of other bytes',
      (all) => [...all, arrival('/own/0', 2, { body: `${bodyOf(2, 6)} ` })],
      /run 2 has other bytes/,
    ],
    [
      'another type',
      (all) => [...all, arrival('/own/0', 2, { body: bodyOf(2, 6, 'job.failed') })],
      /run 2 is of another type/,
    ],
    [
      'a wrong signature',
      (all) => [...all, arrival('/own/0', 1, { signature: 'v1,AAAA' })],
      /event-1 is wrongly signed/,
    ],
    [
      'a signature of another time',
      (all) => [...all, { ...arrival('/own/0', 1), timestamp: '2000' }],
      /event-1 is wrongly signed/,
    ],
    [
      'a later run with a lower seq',
      () =>
        PATHS.flatMap((path) =>
          [1, 2].map((run) => arrival(path, run, { body: bodyOf(run, 9 - run) })),
        ),
      /job j: seq 8 and 7 in runs 1 and 2/,
    ],
    [
      'both runs with one seq',
      () =>
        PATHS.flatMap((path) => [1, 2].map((run) => arrival(path, run, { body: bodyOf(run, 5) }))),
      /job j: seq 5 and 5 in runs 1 and 2/,
    ],
    [
      'two events under one id',
      () => PATHS.flatMap((path) => [1, 2].map((run) => arrival(path, run, { id: 'same' }))),
      /same is the id of 2 events/,
    ],
    [
      'an event with another id at another endpoint',
      (all) =>
        all.map((each) =>
          each.path === '/own/0'
            ? arrival(each.path, Number(each.id.at(-1)), { id: `x${each.id}` })
            : each,
        ),
      /job j, run 1 has 2 ids over its endpoints/,
    ],
    [
      'an event that is owed to nobody',
      (all) => [...all, arrival('/own/0', 3)],
      /run 3 arrived, and is owed to nobody/,
    ],
    ['an endpoint of nobody', (all) => [...all, arrival('/else', 1)], /\/else is nobody's/],
    ['no event', (all) => [...all, arrival('/own/0', 1, { body: 'x' })], /own\/0: no event: x/],
  ])('finds %s', (_what, damage, finding) => {
    expect(judged(damage(wellDone())).join('\n')).toMatch(finding);
  });
});
