import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { type ReceivedPost, Receiver, answerWith } from '@foreman/testing';
import { EndpointProbe } from '../endpoints/endpoint-probe.service';
import { WebhookLab } from '../spec/webhook-lab';

const DAY_MS = 86_400_000;
const NEW_SECRET = `whsec_${Buffer.alloc(64, 9).toString('base64')}`;

type Headers = Readonly<Record<string, string>>;
type Verify = (secret: string, body: string, headers: Headers) => unknown;

/** What receivers really use; svix knows the headers by its own names too. */
const VERIFIERS: readonly [string, Verify][] = [
  ['standardwebhooks', (secret, body, headers) => new Webhook(secret).verify(body, { ...headers })],
  ['svix', (secret, body, headers) => new SvixWebhook(secret).verify(body, { ...headers })],
];

/** Requests as they arrived: the receiver's raw bytes and headers, not what the sender thinks it sent. */
describe.each(VERIFIERS)('sent requests, as %s verifies them', (_package, verify) => {
  let receiver: Receiver;
  let lab: WebhookLab;
  let post: ReceivedPost;
  let jobId: string;
  let secret: string;

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open();
    const submitted = await lab.submit({ url: receiver.url() });
    jobId = submitted.jobId;
    secret = submitted.endpoint.secret;
    lab.shelf.put(jobId, 'naïve ✓ \u2028.txt', 100_000);
    await lab.complete(jobId);
    receiver.script.push(answerWith(500));
    await lab.sender.runOnce();
    post = only(receiver.posts);
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await lab.close();
    await receiver.stop();
  });

  function only(posts: readonly ReceivedPost[]): ReceivedPost {
    const [first] = posts;
    if (first === undefined || posts.length !== 1) throw new Error(`${posts.length} posts`);
    return first;
  }

  const isVerified = (by: string, { body, headers }: Pick<ReceivedPost, 'body' | 'headers'>) => {
    try {
      verify(by, body, headers);
      return true;
    } catch {
      return false;
    }
  };
  const withHeaders = (changed: Headers) => ({
    body: post.body,
    headers: { ...post.headers, ...changed },
  });
  const signature = () => post.headers['webhook-signature'] ?? '';

  it('passes as it arrived, and is what it says', () => {
    expect(verify(secret, post.body, post.headers)).toMatchObject({
      type: 'job.completed',
      data: { job: { id: jobId }, artifacts: [{ name: 'naïve ✓ \u2028.txt' }] },
    });
  });

  it.each([
    ['one letter of its body', (body: string) => body.replace('completed', 'complated')],
    ['a blank at its end', (body: string) => `${body} `],
    ['a line break at its end', (body: string) => `${body}\n`],
    ['its last byte gone', (body: string) => body.slice(0, -1)],
    ['its JSON written anew', (body: string) => JSON.stringify(JSON.parse(body), null, 1)],
    ['other letters for the same JSON', (body: string) => body.replace('"type"', '"\\u0074ype"')],
    ['nothing', () => ''],
  ])('fails with %s', (_what, change) => {
    const changed = change(post.body);
    expect(changed).not.toBe(post.body);
    expect(isVerified(secret, post)).toBe(true);
    expect(isVerified(secret, { ...post, body: changed })).toBe(false);
  });

  it('fails with another id, another time, no id, no time', () => {
    const timestamp = Number(post.headers['webhook-timestamp']);
    const changes: Headers[] = [
      { 'webhook-id': '01993b5e-8d5e-7c30-9d9b-5b1d2f6a7c12' },
      { 'webhook-id': `${post.headers['webhook-id']}0` },
      { 'webhook-id': '' },
      { 'webhook-timestamp': String(timestamp + 1) },
      { 'webhook-timestamp': String(timestamp - 1) },
      { 'webhook-timestamp': String(timestamp - 3600) },
      { 'webhook-timestamp': String(timestamp + 3600) },
      { 'webhook-timestamp': '' },
    ];
    for (const changed of changes) {
      expect([changed, isVerified(secret, withHeaders(changed))]).toEqual([changed, false]);
    }
  });

  it('fails with another signature', () => {
    const [version, code = ''] = signature().split(',');
    const bytes = Buffer.from(code, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    for (const forged of [
      `${version},${bytes.toString('base64')}`,
      `${version},${code.slice(0, -4)}`,
      `v2,${code}`,
      `v1a,${code}`,
      code,
      `${version},`,
      '',
    ]) {
      const changed = withHeaders({ 'webhook-signature': forged });
      expect([forged, isVerified(secret, changed)]).toEqual([forged, false]);
    }
  });

  it('fails with the id and time moved between each other', () => {
    const { 'webhook-id': id = '', 'webhook-timestamp': timestamp = '' } = post.headers;
    const moved = { 'webhook-id': `${id}.${timestamp.slice(0, 1)}` };
    expect(isVerified(secret, withHeaders(moved))).toBe(false);
  });

  it('fails with the secret of any other endpoint', async () => {
    const other = await lab.submit({ url: receiver.url() });
    expect(other.endpoint.secret).not.toBe(secret);
    expect(isVerified(other.endpoint.secret, post)).toBe(false);
    expect(isVerified(NEW_SECRET, post)).toBe(false);
  });

  it('signs each try anew: same id, same body, its own time, under which the one before does not pass', async () => {
    lab.clock.advance(5000);
    await lab.sender.runOnce();
    const [first, second] = receiver.posts;
    if (first === undefined || second === undefined) throw new Error('two posts were expected');

    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(second.body).toBe(first.body);
    const waited =
      Number(second.headers['webhook-timestamp']) - Number(first.headers['webhook-timestamp']);
    expect(waited).toBe(5);
    expect(isVerified(secret, second)).toBe(true);
    const mixed = withHeaders({ 'webhook-signature': second.headers['webhook-signature'] ?? '' });
    expect(isVerified(secret, mixed)).toBe(false);
  });

  it('is signed by both secrets while they rotate, for exactly a day, and by the new one alone after', async () => {
    const endpointId = (await lab.deliveries(jobId))[0]?.endpointId ?? '';
    await lab.run((tx) => lab.endpoints.rotateSecret(tx, endpointId, NEW_SECRET));
    const rotatedAt = lab.clock.now();
    const sentAfter = async (ms: number) => {
      lab.clock.advance(rotatedAt + ms - lab.clock.now());
      receiver.script.push(answerWith(500));
      await lab.run((tx) => tx.execute('UPDATE deliveries SET next_attempt_at = 1'));
      await lab.sender.runOnce();
      // Verifiers refuse what is not of now by the machine's clock.
      jest.spyOn(Date, 'now').mockReturnValue(lab.clock.now());
      return receiver.posts.at(-1) ?? post;
    };

    for (const [ms, isOldStillGood] of [
      [0, true],
      [DAY_MS - 1, true],
      [DAY_MS, false],
    ] as const) {
      const sent = await sentAfter(ms);
      expect([ms, isVerified(NEW_SECRET, sent), isVerified(secret, sent)]).toEqual([
        ms,
        true,
        isOldStillGood,
      ]);
      expect(isVerified(NEW_SECRET, { ...sent, body: `${sent.body} ` })).toBe(false);
    }
  });

  it('holds for test events of standing endpoints', async () => {
    const standing = await lab.run((tx) =>
      lab.endpoints.createStanding(tx, { url: receiver.url(), secret: NEW_SECRET }),
    );
    await lab.app.get(EndpointProbe).test(lab.reads, standing.id);
    const sent = receiver.posts.at(-1) ?? post;

    expect(verify(NEW_SECRET, sent.body, sent.headers)).toMatchObject({ type: 'webhook.test' });
    expect(isVerified(secret, sent)).toBe(false);
  });
});
