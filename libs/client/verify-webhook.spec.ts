import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { FakeClock } from '@foreman/testing';
import type { WebhookEvent } from './protocol.types';
import { OTHER_SECRET, SECRET, signatureOf, signedHeaders } from './spec/signed-webhook';
import { verifyWebhook } from './verify-webhook';
import type { WebhookToVerify } from './verify-webhook';

const NOW_SECONDS = 1_800_000_000;
const BODY = '{"type":"webhook.test","timestamp":"2027-01-15T08:00:00.000Z","data":{}}';
const clock = new FakeClock(NOW_SECONDS * 1000 + 999);
const signed = signedHeaders(BODY, NOW_SECONDS);
const good: WebhookToVerify = { secrets: SECRET, headers: signed, rawBody: BODY, clock };
const rejected = (message: RegExp) =>
  expect.objectContaining({
    name: 'WebhookRejected',
    statusCode: 401,
    message: expect.stringMatching(message),
  });
const verifying =
  (change: Partial<WebhookToVerify>): (() => unknown) =>
  () =>
    verifyWebhook({ ...good, ...change });
const withHeader = (name: string, value: string | string[] | undefined) =>
  verifying({ headers: { ...signed, [name]: value } });

describe('verifyWebhook', () => {
  it('takes the example of the specification', () => {
    const example = {
      secrets: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      headers: {
        'Webhook-Id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'Webhook-Timestamp': '1614265330',
        'Webhook-Signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      rawBody: Buffer.from('{"test": 2432232314}'),
      clock: new FakeClock(1_614_265_330_000),
    };
    expect(verifyWebhook(example)).toEqual({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      event: { test: 2432232314 },
    });
  });

  it.each([
    ['standardwebhooks', new Webhook(SECRET)],
    ['svix', new SvixWebhook(SECRET)],
  ])('takes what %s signs', (_name, signer) => {
    const at = new Date(NOW_SECONDS * 1000);
    const signature = signer.sign('event-1', at, BODY);
    const headers = { ...signed, 'webhook-signature': signature };
    expect(verifyWebhook({ ...good, headers }).id).toBe('event-1');
  });

  it.each<[string, Partial<WebhookToVerify>]>([
    ['a string', {}],
    ['a Buffer', { rawBody: Buffer.from(BODY) }],
    ['bytes in the middle of a larger buffer', { rawBody: Buffer.from(`x${BODY}`).subarray(1) }],
    ['several secrets, the right one last', { secrets: [OTHER_SECRET, SECRET] }],
    [
      'several signatures, the right one last',
      {
        headers: {
          ...signed,
          'webhook-signature': `${signatureOf(OTHER_SECRET, 'event-1', NOW_SECONDS, BODY)} ${signed['webhook-signature']}`,
        },
      },
    ],
    [
      'signatures of other versions beside the known one',
      {
        headers: {
          ...signed,
          'webhook-signature': `v1a,${'A'.repeat(86)}== ${signed['webhook-signature']} v2,x`,
        },
      },
    ],
    ['headers in lists of one', { headers: { ...signed, 'webhook-id': ['event-1'] } }],
    ['names in any case', { headers: mapNames(signed, (name) => name.toUpperCase()) }],
  ])('takes %s', (_name, change) => {
    expect(verifyWebhook({ ...good, ...change }).event).toMatchObject({ type: 'webhook.test' });
  });

  it.each<[string, () => unknown, RegExp]>([
    ['another secret', verifying({ secrets: OTHER_SECRET }), /no signature matches/],
    ['another body', verifying({ rawBody: `${BODY} ` }), /no signature matches/],
    ['an empty body', verifying({ rawBody: '' }), /no signature matches/],
    ['another id', withHeader('webhook-id', 'event-2'), /no signature matches/],
    [
      'another time, though it is near',
      withHeader('webhook-timestamp', `${NOW_SECONDS - 1}`),
      /match/,
    ],
    ['a signed body that is no JSON', signedAs('event-1', String(NOW_SECONDS), 'hm'), /not JSON/],
  ])('rejects %s', (_name, verify, message) => {
    expect(verify).toThrow(rejected(message));
  });

  it('does not take bytes for the text that they are read as', () => {
    const text = '{"name":"\uFFFD"}';
    const bytes = Buffer.from(text.replace('\uFFFD', '\u00FF'), 'latin1');
    expect(bytes.toString('utf8')).toBe(text);
    expect(verifying({ headers: signedHeaders(text, NOW_SECONDS), rawBody: bytes })).toThrow(
      rejected(/no signature matches/),
    );
  });

  it.each([
    ['five minutes old', -300, null],
    ['older', -301, /too old/],
    ['five minutes ahead', 300, null],
    ['farther ahead', 301, /from the future/],
  ])('%s', (_name, offset, message) => {
    const verify = verifying({ headers: signedHeaders(BODY, NOW_SECONDS + offset) });
    if (message === null) expect(verify).not.toThrow();
    else expect(verify).toThrow(rejected(message));
  });

  it('goes by the real time when it gets no clock', () => {
    const nowSeconds = Math.floor((performance.timeOrigin + performance.now()) / 1000);
    const recent = signedHeaders(BODY, nowSeconds);
    expect(verifying({ headers: recent, clock: undefined })).not.toThrow();
    expect(verifying({ headers: signed, clock: undefined })).toThrow(
      rejected(nowSeconds > NOW_SECONDS ? /too old/ : /from the future/),
    );
  });

  describe('reads each header as the one thing that it may be', () => {
    // Signed as it stands, so that only the reading of the header can refuse it.
    it.each([
      ['a timestamp with words behind', 'event-1', `${NOW_SECONDS}abc`, /whole number/],
      ['a timestamp with a fraction', 'event-1', `${NOW_SECONDS}.5`, /whole number/],
      ['a timestamp with a sign', 'event-1', `+${NOW_SECONDS}`, /whole number/],
      ['a timestamp in hex', 'event-1', '0x6B49D200', /whole number/],
      ['a timestamp in exponents', 'event-1', '18e8', /whole number/],
      ['a timestamp with a space', 'event-1', ` ${NOW_SECONDS}`, /whole number/],
      ['digits of another script', 'event-1', '١٨٠٠٠٠٠٠٠٠', /whole number/],
      ['a timestamp of many digits', 'event-1', '9'.repeat(400), /whole number/],
      ['an id with a dot', 'event.1', `${NOW_SECONDS}`, /not an id/],
      ['an id with a space', 'event 1', `${NOW_SECONDS}`, /not an id/],
      ['two ids that Node has joined', 'event-1, event-2', `${NOW_SECONDS}`, /not an id/],
      ['an id with a line break', 'event-1\r\nx: y', `${NOW_SECONDS}`, /not an id/],
      ['an id with a line break at its end', 'event-1\n', `${NOW_SECONDS}`, /not an id/],
      ['an id that is not ASCII', 'évent', `${NOW_SECONDS}`, /not an id/],
      ['an id with a NUL', 'event\0', `${NOW_SECONDS}`, /not an id/],
      ['a huge id', 'e'.repeat(100_000), `${NOW_SECONDS}`, /too long/],
    ])('%s', (_name, id, timestamp, message) => {
      expect(signedAs(id, timestamp, BODY)).toThrow(rejected(message));
    });

    it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('%s', (name) => {
      expect(withHeader(name, undefined)).toThrow(rejected(new RegExp(`no ${name}`)));
      expect(withHeader(name, '')).toThrow(rejected(new RegExp(`no ${name}`)));
      expect(withHeader(name, [])).toThrow(rejected(new RegExp(`no ${name}`)));
      const twice = [signed[name] ?? '', signed[name] ?? ''];
      expect(withHeader(name, twice)).toThrow(rejected(/more than one/));
      expect(withHeader(name.toUpperCase(), signed[name])).toThrow(rejected(/more than one/));
    });

    const value = signed['webhook-signature']?.slice(3) ?? '';
    it.each([
      ['without its version', value],
      ['of another version', `v1a,${value}`],
      ['of version 1, in capitals', `V1,${value}`],
      ['with nothing behind the comma', 'v1,'],
      ['without a comma', 'v1'],
      ['in the alphabet of URLs', `v1,${'-_'.repeat(21)}a=`],
      ['in hex', `v1,${Buffer.from(value, 'base64').toString('hex')}`],
      ['with a tab before it', `\tv1,${value}`],
      ['with a comma behind it', `v1,${value},`],
      ['that is not ASCII', `v1,${'é'.repeat(43)}=`],
      ['of spaces', ' '.repeat(1000)],
      ['too many of them', `v1,${value} `.repeat(22)],
      ['a megabyte of them', `v1,${value} `.repeat(20_000)],
    ])('a signature %s', (_name, header) => {
      expect(withHeader('webhook-signature', header)).toThrow(rejected(/signature/));
    });

    it('a signature whose last character says the same in more bits', () => {
      const last = value.at(-2) ?? '';
      const next = String.fromCharCode(last.charCodeAt(0) + 1);
      const twin = `${value.slice(0, -2)}${next}=`;
      expect(withHeader('webhook-signature', `v1,${twin}`)).toThrow(rejected(/signature/));
    });

    it('names of what every object has', () => {
      const headers = Object.create(signed) as Record<string, string>;
      expect(verifying({ headers })).toThrow(rejected(/there is no webhook-id/));
    });
  });

  describe('says where its caller is wrong', () => {
    it.each<[string, unknown]>([
      ['an object', JSON.parse(BODY)],
      ['a number', 7],
      ['nothing', undefined],
      ['null', null],
      ['an ArrayBuffer', new ArrayBuffer(8)],
    ])('the body is %s', (_name, body) => {
      expect(verifying({ rawBody: body as string })).toThrow(
        expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(/raw body/) }),
      );
    });

    it.each<[string, unknown]>([
      ['none', []],
      ['undefined, an unset variable', undefined],
      ['empty: everybody could sign with it', 'whsec_'],
      ['without its prefix', SECRET.slice(6)],
      ['with the line break of a file', `${SECRET}\n`],
      ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
      ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
      ['not base64', `whsec_${'?'.repeat(40)}`],
      ['one of several', [SECRET, '']],
    ])('a secret is %s', (_name, secrets) => {
      const verify = verifying({ secrets: secrets as string });
      expect(verify).toThrow(TypeError);
      expect(verify).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(SECRET.slice(6, 20)) }),
      );
    });
  });

  it('tells events apart by their type', () => {
    const about = (event: WebhookEvent): string => {
      switch (event.type) {
        case 'webhook.test':
          return event.data.endpointId;
        case 'job.completed':
          return event.data.artifacts[0]?.expires_at ?? 'for ever';
        default:
          return event.data.job.status;
      }
    };
    const { event } = verifyWebhook(good);
    expect(about({ ...event, type: 'webhook.test', data: { endpointId: 'e1' } })).toBe('e1');
  });

  function signedAs(id: string, timestamp: string, body: string): () => unknown {
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureOf(SECRET, id, timestamp, body),
    };
    return verifying({ headers, rawBody: body });
  }
});

function mapNames(headers: Record<string, string>, change: (name: string) => string) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [change(name), value]));
}
