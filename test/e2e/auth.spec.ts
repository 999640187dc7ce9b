import { type InProcessGateway, startInProcess } from './harness';

describe('who is calling', () => {
  let gateway: InProcessGateway;

  beforeAll(async () => {
    gateway = await startInProcess();
  });
  afterAll(() => gateway.stop());

  it('lets everyone see that it lives', async () => {
    expect((await gateway.call('GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await gateway.call('GET', '/readyz')).body).toEqual({ status: 'ok' });
  });

  it('makes a key', async () => {
    const token = await gateway.makeApiKey('jobs:read');
    expect((await gateway.call('GET', '/admin/edges', { token })).status).toBe(403);
  });
});
