import BetterSqlite3 from 'better-sqlite3';
import { PollLab, rest, type LabPoll } from '../spec/poll-lab';

const COUNT = 1000;

/** Invariant 7 at scale: counted below everything, where the driver is asked. */
describe('a thousand parked polls', () => {
  let lab: PollLab;
  let polls: LabPoll[];
  beforeEach(async () => {
    lab = await PollLab.open();
    polls = Array.from({ length: COUNT }, () => lab.ask(lab.edge(), { waitSeconds: 50 }));
    const task = { kind: 'test', requires: null, assignedEdgeId: null };
    while (lab.polls.countFor(task) !== COUNT) await rest();
    await rest();
  });
  afterEach(() => lab.close());

  it('run not one statement in 30 s', async () => {
    const statements = countStatements();
    lab.lab.clock.advance(30_000);
    await rest();
    expect(statements()).toBe(0);
    expect(lab.polls.count).toBe(COUNT);
    // The counter counts: a submission has statements.
    await lab.lab.submit({ kind: 'other' });
    expect(statements()).toBeGreaterThan(0);
  });

  it('try once, for one task', async () => {
    const transactions = lab.countTransactions();
    await lab.lab.submit();
    await rest();
    expect(polls.map((poll) => poll.isAnswered).indexOf(true)).toBe(0);
    expect(lab.polls.count).toBe(COUNT - 1);
    // The submission, and one try.
    expect(transactions()).toBe(2);
  });
});

/** Of any connection of this process, from now on. */
function countStatements(): () => number {
  const sample = new BetterSqlite3(':memory:');
  const statement = Object.getPrototypeOf(sample.prepare('SELECT 1')) as BetterSqlite3.Statement;
  const database = Object.getPrototypeOf(sample) as BetterSqlite3.Database;
  sample.close();
  const spies = [
    ...(['run', 'all', 'get', 'iterate'] as const).map((how) => jest.spyOn(statement, how)),
    jest.spyOn(database, 'exec'),
    jest.spyOn(database, 'pragma'),
  ];
  return () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
}
