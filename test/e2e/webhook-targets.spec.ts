import { Receiver } from '@foreman/testing';
import { WebhookSender } from '@foreman/webhooks';
import { type InProcessGateway, startInProcess } from './harness';

/** A start of the whole gateway takes a second, and many times that on a busy machine. */
jest.setTimeout(60_000);

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
}

interface List {
  readonly items: unknown[];
}

/** What is certain without asking DNS is refused at once, wherever a URL is given. */
describe('targets of webhooks, at submission', () => {
  let gateway: InProcessGateway;
  let receiver: Receiver;
  let service: string;
  let endpointId: string;

  beforeAll(async () => {
    receiver = await Receiver.start();
    gateway = await startInProcess({
      webhookAllowedNetworks: ['127.0.0.0/8'],
      webhookDeniedHosts: ['db.example', '*.corp.example', '127.0.0.5', '93.184.215.0/24'],
      webhookDeniedPorts: [5432, 8443],
    });
    service = await gateway.makeApiKey('jobs:read', 'jobs:write');
    endpointId = (await postEndpoint(receiver.url())).body.id;
  });

  afterAll(async () => {
    await gateway.stop();
    await receiver.stop();
  });

  const submit = (url: string) =>
    gateway.call<Problem & { id: string }>('POST', '/jobs', {
      token: service,
      body: { kind: 'study', webhook: { url } },
    });
  const submitBatch = (url: string) =>
    gateway.call<Problem>('POST', '/jobs/batch', {
      token: service,
      body: { jobs: [{ kind: 'study' }, { kind: 'study', webhook: { url } }] },
    });
  const postEndpoint = (url: string) =>
    gateway.asAdmin<Problem & { id: string }>('POST', '/admin/webhook-endpoints', { url });
  const patchEndpoint = (url: string) =>
    gateway.asAdmin<Problem>('PATCH', `/admin/webhook-endpoints/${endpointId}`, { url });
  const whatIsThere = async () => [
    (await gateway.call<List>('GET', '/jobs', { token: service })).body.items.length,
    (await gateway.asAdmin<List>('GET', '/admin/webhook-endpoints')).body.items,
  ];

  it.each([
    ['a private address', 'https://10.0.0.1/', /10\.0\.0\.1, which is not a public address/],
    ['metadata', 'http://169.254.169.254/latest/', /not a public address/],
    ['a number', 'https://3232235777/', /192\.168\.1\.1, which is not a public address/],
    ['hexadecimals', 'https://0xc0.0xa8.1.1/', /192\.168\.1\.1/],
    ['octals', 'https://0300.0250.1.1/', /192\.168\.1\.1/],
    ['full-width digits', 'https://１９２.１６８.１.１/', /192\.168\.1\.1/],
    ['escaped digits', 'https://%31%39%32.168.1.1/', /192\.168\.1\.1/],
    ['no address', 'https://0/', /0\.0\.0\.0/],
    ['IPv6 loopback', 'https://[::1]/', /::1, which is not/],
    ['a mapped address', 'https://[::ffff:10.0.0.1]/', /not a public address/],
    ['NAT64', 'https://[64:ff9b::10.0.0.1]/', /not a public address/],
    ['6to4', 'https://[2002:a00:1::]/', /not a public address/],
    ['Teredo', 'https://[2001::1]/', /not a public address/],
    ['a unique local address', 'https://[fd00::1]/', /not a public address/],
    ['a zone', 'https://[fe80::1%25eth0]/', /not an absolute URL/],
    ['http to a public address', 'http://9.9.9.9/', /must be https/],
    ['a user', 'https://user@hooks.example/', /user name or password/],
    ['a password', 'https://:secret@hooks.example/', /user name or password/],
    ['a user before an address', 'https://hooks.example@10.0.0.1/', /user name or password/],
    ['SMTP', 'https://hooks.example:25/', /port 25/],
    ['SSH, in an allowed network', 'http://127.0.0.1:22/', /port 22/],
    ['port 0', 'https://hooks.example:0/', /port 0/],
    ['a denied port', 'https://hooks.example:8443/', /port 8443/],
    ['a denied port, in an allowed network', 'http://127.0.0.1:5432/', /port 5432/],
    ['a denied host', 'https://DB.example./', /denied host/],
    ['a denied host with dots', 'https://db.example../', /denied host/],
    ['a host under a denied one', 'https://a.b.corp.example/', /denied host/],
    ['a denied address, in an allowed network', 'http://127.0.0.5/', /which is denied/],
    ['a denied address, mapped', 'http://[::ffff:127.0.0.5]/', /which is denied/],
    ['an address of a denied network', 'https://93.184.215.14/', /which is denied/],
    ['FTP', 'ftp://hooks.example/', /not https/],
    ['a file', 'file:///etc/passwd', /not https/],
    ['a Unix socket', 'http+unix://%2Frun%2Fdocker.sock/', /not https/],
    ['a script', 'javascript:alert(1)', /not https/],
    ['data', 'data:text/plain,hi', /not https/],
    ['no URL', 'hooks.example', /not an absolute URL/],
    ['a path', '/hook', /not an absolute URL/],
    ['a port that is none', 'https://hooks.example:99999/', /not an absolute URL/],
  ])('%s is refused for jobs, batches and endpoints, old and new', async (_what, url, detail) => {
    const before = await whatIsThere();

    for (const ask of [submit, submitBatch, postEndpoint, patchEndpoint]) {
      const { status, body } = await ask(url);
      expect([ask.name, status, body.code]).toEqual([ask.name, 422, 'webhook.target_refused']);
      expect(body.detail).toMatch(detail);
      expect(body.detail).not.toContain('secret');
    }

    expect(await whatIsThere()).toEqual(before);
  });

  it.each([
    'https://hooks.example/',
    'https://hooks.example:9443/a?b=c#d',
    'https://9.9.9.9/',
    'https://[2620:fe::fe]/',
    'http://127.0.0.1/',
    'http://name-that-may-be-allowed.example/',
  ])('%s is taken: only DNS, or nobody, could refuse it', async (url) => {
    expect((await submit(url)).status).toBe(201);
  });

  it('control: the neighbour of a denied address is reached', async () => {
    const { port } = new URL(receiver.url());
    expect((await submit(`http://127.0.0.5:${port}/`)).status).toBe(422);
    const { body } = await submit(`http://127.0.0.4:${port}/`);
    await gateway.call('POST', `/jobs/${body.id}/cancel`, { token: service });

    await gateway.app.get(WebhookSender).runOnce();

    const jobs = receiver.posts.map(
      (post) => (JSON.parse(post.body) as { data: { job: { id: string } } }).data.job.id,
    );
    expect(jobs).toContain(body.id);
  });
});
