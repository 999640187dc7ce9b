import { OpaqueBodyPipe } from '../http/opaque-body.pipe';
import { lenientValidation } from '../http/validation';
import { CompleteTaskDto } from './end-task.dto';
import { LeaseTasksDto } from './lease.dto';

describe('an optional field of the edge face that is null', () => {
  const read = <T extends object>(metatype: new () => T, body: object): Promise<T> =>
    lenientValidation().transform(body, { type: 'body', metatype }) as Promise<T>;

  it('is one that was left out', async () => {
    const poll = { kinds: null, waitSeconds: null, resume: null, resumeKinds: null, max: 3 };
    expect({ ...(await read(LeaseTasksDto, poll)) }).toEqual({ max: 3 });
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
});
