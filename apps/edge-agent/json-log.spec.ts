import { SystemClock } from '@foreman/kernel';
import { jsonLog } from './json-log';

describe('jsonLog', () => {
  it('writes one line of JSON a message, from its level on', () => {
    const lines: string[] = [];
    const log = jsonLog('warn', { agent: 'a' }, new SystemClock(), (line) => lines.push(line));
    log.debug({}, 'no');
    log.info({}, 'no');
    log.warn({ taskId: 't' }, 'line\nbreak');
    log.error({}, 'yes');
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      {
        level: 40,
        time: expect.any(Number) as number,
        agent: 'a',
        taskId: 't',
        msg: 'line\nbreak',
      },
      { level: 50, time: expect.any(Number) as number, agent: 'a', msg: 'yes' },
    ]);
  });
});
