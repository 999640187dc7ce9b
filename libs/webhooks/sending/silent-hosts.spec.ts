import { UnitOfWork } from '@foreman/database';
import { watchUnits } from '@foreman/testing';
import { writeBacklogs } from '../spec/backlog';
import { WebhookLab } from '../spec/webhook-lab';
import { DeliveryClaims, type Claimed } from './delivery-claims.store';
import { DUE_LANES } from './due-lanes.store';
import { HostSlots } from './host-slots';

const HOUSE = 64;
const OF_A_HOST = 4;
/** For all hosts together that are not known to answer. */
const HALF = HOUSE / 2;

/** Hosts that gave no answer, or were not asked yet, delay neither each other nor those that answer. */
describe('silent hosts', () => {
  let lab: WebhookLab;
  let slots: HostSlots;
  let endpointId: string;

  beforeEach(async () => {
    lab = await WebhookLab.open();
    slots = new HostSlots(HOUSE, OF_A_HOST);
    ({ id: endpointId } = await lab.run((tx) =>
      lab.endpoints.createStanding(tx, { url: 'https://any.example/' }),
    ));
  });

  afterEach(async () => {
    await lab.close();
  });

  /** Ten deliveries to each are due. */
  async function owe(hosts: readonly string[]): Promise<void> {
    const due = { endpointId, count: 10, dueAt: 0 };
    writeBacklogs(
      lab,
      hosts.map((lane) => ({ lane, ...due })),
    );
    await lab.run((tx) => tx.execute('UPDATE deliveries SET is_due = 1'));
  }

  const numbered = (count: number) =>
    Array.from({ length: count }, (_, n) => `dead-${String(n).padStart(4, '0')}.example`);

  async function claim(hasNews = false): Promise<Claimed> {
    const claims = lab.app.get(DeliveryClaims);
    const claimed = await lab.run((tx) =>
      claims.claim(tx, slots, lab.clock.now(), 1_000_000, hasNews),
    );
    for (const { host } of claimed.deliveries) slots.take(host);
    return claimed;
  }

  const hostsOf = ({ deliveries }: Claimed) => deliveries.map(({ host }) => host);

  /** Its attempt is over, without an answer. */
  function timeOut(host: string): void {
    slots.note(host, false);
    slots.free(host);
  }

  it('are tried one after another, however many there are and whatever those before them still owe', async () => {
    const dead = numbered(40);
    await owe([...dead, 'zz.example']);
    const underWay = hostsOf(await claim(true));
    expect(underWay).toEqual(dead.slice(0, HALF));

    for (let n = 0; n < 9; n += 1) {
      timeOut(underWay.shift() ?? '');
      underWay.push(...hostsOf(await claim()));
    }

    expect(underWay).toHaveLength(HALF);
    expect(underWay.slice(-9)).toEqual([...dead.slice(HALF), 'zz.example']);
  });

  it('are tried one after another also while others would fill the house', async () => {
    const dead = numbered(40);
    const living = Array.from({ length: 30 }, (_, n) => `living-${n + 10}.example`);
    for (const host of living) slots.note(host, true);
    await owe([...dead, ...living]);
    const tried = new Set<string>();
    let underWay: string[] = [];
    for (let n = 0; n < 100; n += 1) {
      underWay.push(...hostsOf(await claim(n === 0)));
      for (const host of underWay) tried.add(host);
      expect(underWay.length).toBeLessThanOrEqual(HOUSE);
      // One of each kind is over: the longest under way.
      for (const prefix of ['dead', 'living']) {
        const host = underWay.find((each) => each.startsWith(prefix));
        if (host === undefined) continue;
        slots.note(host, prefix === 'living');
        slots.free(host);
        const at = underWay.indexOf(host);
        underWay = underWay.filter((_each, index) => index !== at);
      }
    }
    expect(dead.filter((host) => !tried.has(host))).toEqual([]);
    expect(living.filter((host) => !tried.has(host))).toEqual([]);
  });

  it('leave half of the house to those that answer, also before they are known to be dead', async () => {
    await owe([...numbered(200), 'zz.example']);
    slots.note('zz.example', true);

    const first = hostsOf(await claim(true));

    expect(first.filter((host) => host === 'zz.example')).toHaveLength(OF_A_HOST);
    expect(first).toHaveLength(HALF + OF_A_HOST);
    expect(new Set(first).size).toBe(HALF + 1);

    // The dead ones hang on; what the living one answers makes room for its next, and for nobody else.
    slots.note('zz.example', true);
    slots.free('zz.example');
    expect(hostsOf(await claim())).toEqual(['zz.example']);
    // One that answers after all is as good as any other, and the room that it had goes to the next.
    slots.note('dead-0000.example', true);
    expect(hostsOf(await claim()).toSorted()).toEqual([
      'dead-0000.example',
      'dead-0000.example',
      'dead-0000.example',
      'dead-0032.example',
    ]);
  });

  it('are looked at a bounded number at a time, and not again while nothing has changed', async () => {
    await owe([...numbered(9900), 'zz.example']);
    slots.note('zz.example', true);
    const units = watchUnits(lab.app.get(UnitOfWork));
    const lanesOf = (from: number) =>
      units.slice(from).map(({ statements }) =>
        statements
          .filter(({ sql }) => sql === DUE_LANES)
          .map(({ rows }) => rows)
          .reduce((sum, rows) => sum + rows, 0),
      );

    const taken: string[] = [];
    let last = await claim(true);
    taken.push(...hostsOf(last));
    for (; last.isCutShort; taken.push(...hostsOf(last))) last = await claim();

    expect(taken.filter((host) => host === 'zz.example')).toHaveLength(OF_A_HOST);
    expect(taken).toHaveLength(HALF + OF_A_HOST);
    expect(Math.max(...lanesOf(0))).toBeLessThanOrEqual(512);
    const soFar = units.length;
    expect(soFar).toBeLessThanOrEqual(2 + Math.ceil(9901 / 256));
    // As after the record of an attempt.
    expect(await claim()).toEqual({ deliveries: [], isCutShort: false });
    // A dead host's slot is the next one's, found without a look at the living.
    timeOut('dead-0000.example');
    expect(hostsOf(await claim())).toEqual(['dead-0032.example']);
    expect(lanesOf(soFar)).toEqual([0, 256]);
  });
});
