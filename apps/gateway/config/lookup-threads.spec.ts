import { widenThreadPool } from './lookup-threads';

describe('the threads of libuv', () => {
  it('are enough for look-ups by every attempt at once', () => {
    const environment: NodeJS.ProcessEnv = {};
    widenThreadPool(environment);
    expect(Number(environment['UV_THREADPOOL_SIZE']) / 2).toBeGreaterThanOrEqual(64);
  });

  it('are as many as the operator says', () => {
    const environment: NodeJS.ProcessEnv = { UV_THREADPOOL_SIZE: '8' };
    widenThreadPool(environment);
    expect(environment).toEqual({ UV_THREADPOOL_SIZE: '8' });
  });
});
