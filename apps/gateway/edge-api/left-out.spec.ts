import { OpaqueBodyPipe } from '../http/opaque-body.pipe';
import { lenientValidation } from '../http/validation';
import { CompleteTaskDto, FailTaskDto } from './end-task.dto';
import { EdgeHeartbeatDto, HeartbeatDto } from './heartbeat.dto';
import { LeaseTasksDto } from './lease.dto';

describe('an optional field of the edge face that is null', () => {
  const read = <T extends object>(metatype: new () => T, body: object): Promise<T> =>
    lenientValidation().transform(body, { type: 'body', metatype }) as Promise<T>;

  it('is one that was left out', async () => {
    const poll = { kinds: null, waitSeconds: null, resume: null, resumeKinds: null, max: 3 };
    expect({ ...(await read(LeaseTasksDto, poll)) }).toEqual({ max: 3 });
    const beat = { started: null, processed: 1, total: null, status: null, counters: null };
    expect({ ...(await read(HeartbeatDto, beat)) }).toEqual({ processed: 1 });
    const beats = await read(EdgeHeartbeatDto, { agentVersion: null, tasks: [] });
    expect(beats.agentVersion).toBeUndefined();
    const fail = { code: 'c', message: 'm', retryable: null, retryAfterSeconds: null };
    expect({ ...(await read(FailTaskDto, fail)) }).toEqual({ code: 'c', message: 'm' });
  });

  it('is a value where any value may stand', async () => {
    const artifact = { name: 'a', content_type: 'application/json', inline: null, sha256: null };
    const body = { resultCount: null, bestConfigIds: null, artifacts: [artifact] };
    const pipe = new OpaqueBodyPipe({
      metatype: CompleteTaskDto,
      validation: lenientValidation(),
      opaque: 'inline',
      lists: ['artifacts'],
    });
    const { resultCount, bestConfigIds, artifacts } = await pipe.transform(body);
    expect({ resultCount, bestConfigIds }).toEqual({});
    const [sent] = artifacts ?? [];
    expect(sent?.sha256).toBeUndefined();
    expect(sent?.inline).toBeNull();
  });

  it('a long agent version is cut', async () => {
    const { agentVersion } = await read(EdgeHeartbeatDto, {
      agentVersion: 'x'.repeat(500),
      tasks: [],
    });
    expect(agentVersion).toHaveLength(100);
  });
});
