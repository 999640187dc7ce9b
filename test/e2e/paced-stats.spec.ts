import { FakeClock } from '@foreman/testing';
import { StatsReader } from '../../apps/gateway/admin-api/stats.reader';
import { type InProcessGateway, startInProcess } from './harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

/** How the pace is found is told in apps/gateway/admin-api; here, that nobody goes around it. */
describe('the figures of a large database', () => {
  const COST_MS = 200;
  let gateway: InProcessGateway;
  let clock: FakeClock;
  let counted: jest.SpyInstance;

  beforeAll(async () => {
    clock = new FakeClock();
    gateway = await startInProcess({}, { clock });
    const reader = gateway.app.get(StatsReader);
    const read = reader.read.bind(reader);
    counted = jest.spyOn(reader, 'read').mockImplementation(async () => {
      clock.advance(COST_MS);
      return read();
    });
  });
  afterAll(() => gateway.stop());

  it('are counted once for all who ask, administrators and metrics alike', async () => {
    const ask = async () => {
      const answers = [
        ...(await Promise.all([1, 2, 3].map(() => gateway.asAdmin('GET', '/admin/stats')))),
        await gateway.asAdmin('GET', '/metrics'),
        await gateway.asAdmin('GET', '/admin/stats'),
      ];
      expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
    };
    await ask();
    expect(counted).toHaveBeenCalledTimes(1);
    clock.advance(20 * COST_MS);
    await ask();
    expect(counted).toHaveBeenCalledTimes(2);
  });
});
