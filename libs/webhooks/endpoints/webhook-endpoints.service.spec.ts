import { readFile } from 'node:fs/promises';
import { Webhook } from 'standardwebhooks';
import { Receiver } from '@foreman/testing';
import { WebhookLab } from '../spec/webhook-lab';
import { WebhooksModule } from '../webhooks.module';
import { ShelfOfArtifacts } from '../spec/shelf-of-artifacts';

const URL_OF_HOOK = 'https://hooks.example/a?b=c';
const SECRET = `whsec_${Buffer.alloc(24, 'secret').toString('base64')}`;

describe('WebhookEndpoints', () => {
  let lab: WebhookLab;

  beforeEach(async () => {
    lab = await WebhookLab.open();
  });

  afterEach(async () => {
    await lab.close();
  });

  it('makes a secret where none is given, and takes a given one', async () => {
    const made = await lab.submit({ url: URL_OF_HOOK });
    const given = await lab.submit({ url: URL_OF_HOOK, secret: SECRET });

    expect(made.endpoint).toMatchObject({
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      isSecretMade: true,
    });
    expect(given.endpoint).toMatchObject({ secret: SECRET, isSecretMade: false });
  });

  it('stores no secret in clear', async () => {
    const { endpoint } = await lab.submit({ url: URL_OF_HOOK, secret: SECRET });

    const key = Buffer.from(SECRET.slice(6), 'base64');
    const bytes = Buffer.concat([await readFile(lab.file), await readFile(`${lab.file}-wal`)]);
    expect(bytes.includes(endpoint.id)).toBe(true);
    expect(bytes.includes(SECRET.slice(6))).toBe(false);
    expect(bytes.includes(key)).toBe(false);
    expect(bytes.includes(key.toString('hex'))).toBe(false);
  });

  it.each([
    ['a private target', { url: 'https://10.0.0.1/' }, 'webhook.target_refused'],
    ['http outside the allowed networks', { url: 'http://1.1.1.1/' }, 'webhook.target_refused'],
    ['no URL', { url: 'hooks.example' }, 'webhook.target_refused'],
    ['a short secret', { url: URL_OF_HOOK, secret: 'whsec_AAAA' }, 'request.invalid'],
    ['an unknown event', { url: URL_OF_HOOK, events: ['job.created'] }, 'request.invalid'],
    ['no event at all', { url: URL_OF_HOOK, events: [] }, 'request.invalid'],
  ])('refuses %s, and the job with it', async (_what, webhook, code) => {
    await expect(lab.submit(webhook)).rejects.toMatchObject({ code });

    expect(await lab.reads.query('SELECT id FROM jobs')).toEqual([]);
    expect(await lab.reads.query('SELECT id FROM webhook_endpoints')).toEqual([]);
  });

  it('signs with the old secret beside the new one for a day', async () => {
    const receiver = await Receiver.start();
    const first = await lab.submit({ url: receiver.url() });
    const second = await lab.run((tx) => lab.endpoints.rotateSecret(tx, first.endpoint.id));

    await lab.complete(first.jobId);
    await lab.sender.runOnce();
    await receiver.stop();

    const [post] = receiver.posts;
    expect(post?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    for (const { secret } of [first.endpoint, second]) {
      expect(() =>
        new Webhook(secret).verify(post?.body ?? '', { ...post?.headers }),
      ).not.toThrow();
    }
  });

  it('signs with the new secret alone after that', async () => {
    const receiver = await Receiver.start();
    const { jobId, endpoint } = await lab.submit({ url: receiver.url() });
    await lab.run((tx) => lab.endpoints.rotateSecret(tx, endpoint.id));
    lab.clock.advance(86_400_000);

    await lab.complete(jobId);
    await lab.sender.runOnce();
    await receiver.stop();

    expect(receiver.posts[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(1);
  });

  describe('while a secret is rotating', () => {
    const given = (fill: number) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`;
    let receiver: Receiver;
    let jobId: string;
    let id: string;
    let first: string;

    beforeEach(async () => {
      receiver = await Receiver.start();
      const submitted = await lab.submit({ url: receiver.url() });
      ({ jobId } = submitted);
      ({ id, secret: first } = submitted.endpoint);
    });

    afterEach(async () => {
      jest.restoreAllMocks();
      await receiver.stop();
    });

    const rotate = (secret?: string) => lab.run((tx) => lab.endpoints.rotateSecret(tx, id, secret));
    /** Which of some secrets verify the job's webhook, of how many signatures. */
    async function signedBy(secrets: readonly string[]): Promise<[boolean[], number]> {
      await lab.complete(jobId);
      await lab.sender.runOnce();
      const [post] = receiver.posts;
      const headers = { ...post?.headers };
      // Verifiers refuse what is not of now by the machine's clock.
      jest.spyOn(Date, 'now').mockReturnValue(lab.clock.now());
      const areGood = secrets.map((secret) => {
        try {
          return new Webhook(secret).verify(post?.body ?? '', headers) !== null;
        } catch {
          return false;
        }
      });
      return [areGood, headers['webhook-signature']?.split(' ').length ?? 0];
    }

    it('makes no other one, so that who has lost the answer does not end the one in use', async () => {
      const second = await rotate();
      lab.clock.advance(86_399_999);
      await expect(rotate()).rejects.toMatchObject({ code: 'endpoint.rotating' });
      expect(await signedBy([first, second.secret])).toEqual([[true, true], 2]);
      lab.clock.advance(1);
      expect(await rotate()).toMatchObject({ isSecretMade: true });
    });

    it('takes a given one, and all from before go on signing', async () => {
      const second = await rotate();
      await rotate(given(3));
      expect(await signedBy([first, second.secret, given(3)])).toEqual([[true, true, true], 3]);
    });

    it('keeps two of those before, whatever is given', async () => {
      for (const fill of [2, 3, 4, 5]) await rotate(given(fill));
      const secrets = [first, given(2), given(3), given(4), given(5)];
      expect(await signedBy(secrets)).toEqual([[false, false, true, true, true], 3]);
    });

    it('forgets those before whose day is over', async () => {
      await rotate(given(2));
      lab.clock.advance(86_400_000);
      await rotate(given(3));
      expect(await signedBy([first, given(2), given(3)])).toEqual([[false, true, true], 2]);
    });

    it('rotates what cannot be read, as often as it takes, and keeps what can be', async () => {
      await rotate(given(2));
      await lab.run((tx) => tx.execute(`UPDATE webhook_endpoints SET secret_sealed = 'v1.lost'`));
      const third = await rotate();
      expect(await signedBy([first, given(2), third.secret])).toEqual([[true, false, true], 2]);
    });
  });

  it('does not rotate what is not there', async () => {
    await expect(lab.run((tx) => lab.endpoints.rotateSecret(tx, 'unknown'))).rejects.toMatchObject({
      code: 'endpoint.not_found',
    });
  });

  it.each([
    [{ secretKey: 'too short' }, /secretKey/],
    [{ timeoutMs: 0 }, /timeoutMs/],
    [{ concurrency: 1.5 }, /concurrency/],
    [{ retrySeconds: [5, -1] }, /retrySeconds/],
    [{ allowedNetworks: ['everything'] }, /everything/],
  ])('names the option that is wrong: %j', async (wrong, named) => {
    const options = { secretKey: Buffer.alloc(32), artifactSource: ShelfOfArtifacts, ...wrong };

    expect(() => WebhooksModule.forRoot(options)).toThrow(named);
  });
});
