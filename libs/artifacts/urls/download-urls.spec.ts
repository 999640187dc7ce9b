import { buffer } from 'node:stream/consumers';
import { JobLifecycle } from '@foreman/jobs';
import { ArtifactReads } from '../artifact-reads';
import { UrlLab, takenApart } from '../spec/url-lab';

describe('DownloadUrls', () => {
  let lab: UrlLab;

  beforeAll(async () => {
    lab = await UrlLab.open();
  });
  afterAll(() => lab.close());

  const issue = (jobId: string, name: string, seconds?: number) =>
    lab.downloads.issue(lab.engine.reads, jobId, name, seconds);
  const open = (url: string, change: Record<string, string | string[] | undefined> = {}) => {
    const { path, query } = takenApart(url);
    const [, jobId = '', , name = ''] = path;
    return lab.downloads.open(lab.engine.reads, { jobId, name, query: { ...query, ...change } });
  };

  it('open the artifact that they were made for', async () => {
    const { jobId } = await lab.published('equity.csv', 'a,b');
    const { url, expiresAt } = await issue(jobId, 'equity.csv');
    expect(expiresAt).toBe(lab.clock.now() + 3_600_000);
    const record = await open(url);
    expect(record).toMatchObject({ jobId, name: 'equity.csv' });
    const bytes = await buffer(lab.engine.get(ArtifactReads).open(record));
    expect(bytes.toString()).toBe('a,b');
  });

  it('work until the millisecond of their expiry', async () => {
    const { jobId } = await lab.published('a', 'a');
    const { url } = await issue(jobId, 'a', 604_800);
    lab.clock.advance(604_800_000 - 1);
    await expect(open(url)).resolves.toMatchObject({ name: 'a' });
    lab.clock.advance(1);
    await expect(open(url)).rejects.toMatchObject({ code: 'auth.forbidden' });
  });

  it.each([0, 604_801, 1.5, Number.NaN])('are not made for %d seconds', async (seconds) => {
    const { jobId } = await lab.published('a', 'a');
    await expect(issue(jobId, 'a', seconds)).rejects.toMatchObject({
      code: 'request.invalid',
      details: { errors: [{ path: 'expiresSeconds' }] },
    });
  });

  it('are not made for what is not there, or only staged', async () => {
    const lease = await lab.lease();
    await lab.stage(lease, 'staged', 'x');
    for (const name of ['staged', 'unknown']) {
      await expect(issue(lease.jobId, name)).rejects.toMatchObject({ code: 'artifact.not_found' });
    }
  });

  it('do not serve what a later run put in the place of their bytes', async () => {
    const { jobId } = await lab.published('a', 'first');
    const { url } = await issue(jobId, 'a');
    await lab.engine.unitOfWork.run((tx) =>
      tx.execute(`UPDATE artifacts SET sha256 = ? WHERE job_id = ? AND name = 'a'`, [
        'f'.repeat(64),
        jobId,
      ]),
    );
    await expect(open(url)).rejects.toMatchObject({ code: 'artifact.not_found' });
  });

  it('end with their job', async () => {
    const { jobId } = await lab.published('a', 'a');
    const { url } = await issue(jobId, 'a');
    await lab.engine.unitOfWork.run((tx) =>
      lab.engine.get(JobLifecycle).hide(tx, jobId, lab.clock.now()),
    );
    await expect(open(url)).rejects.toMatchObject({ code: 'artifact.not_found' });
  });

  it.each<[string, Record<string, string | string[] | undefined>]>([
    ['no expiry', { expires: undefined }],
    ['no digest', { sha256: undefined }],
    ['no key', { key: undefined }],
    ['no signature', { signature: undefined }],
    ['two expiries', { expires: ['1', '2'] }],
    ['another digest', { sha256: 'f'.repeat(64) }],
    ['a later expiry', { expires: '99999999999999' }],
  ])('are refused with %s', async (_what, change) => {
    const { jobId } = await lab.published('a', 'a');
    const { url } = await issue(jobId, 'a');
    await expect(open(url, change)).rejects.toMatchObject({ code: 'auth.forbidden' });
  });

  it('do not pass for another artifact, and ask the database nothing when they are forged', async () => {
    const { jobId } = await lab.published('a', 'a');
    const { query } = takenApart((await issue(jobId, 'a')).url);
    const asked = jest.spyOn(lab.engine.reads, 'entities');
    for (const called of [
      { jobId, name: 'completion', query },
      { jobId: lab.engine.ids.uuid(), name: 'a', query },
    ]) {
      await expect(lab.downloads.open(lab.engine.reads, called)).rejects.toMatchObject({
        code: 'auth.forbidden',
      });
    }
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });

  it('do not care for parameters that say nothing', async () => {
    const { jobId } = await lab.published('a', 'a');
    const { url } = await issue(jobId, 'a');
    await expect(open(url, { utm_source: 'mail' })).resolves.toMatchObject({ name: 'a' });
  });
});
